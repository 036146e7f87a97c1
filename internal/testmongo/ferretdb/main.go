// Command ferretdb runs an embedded FerretDB for tests: MongoDB's wire protocol on SQLite files, for where no mongod is installed. It
// is a module of its own so that FerretDB's dependencies stay out of Daybook's go.mod.
//
// Usage: ferretdb -dir DIR [-listen 127.0.0.1:0] [-keep]. It prints the MongoDB URI on one line and ends when its standard input closes, so that it
// never outlives the test that started it. Unless told to keep it, it then removes the directory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	dir := flag.String("dir", "", "directory for the SQLite files, which must exist")
	listen := flag.String("listen", "127.0.0.1:0", "TCP address; port 0 picks a free one")
	keep := flag.Bool("keep", false, "leave the directory when it ends")
	flag.Parse()
	err := run(*dir, *listen)
	if !*keep {
		err = errors.Join(err, os.RemoveAll(*dir))
	}
	if err != nil {
		log.Fatalf("ferretdb: %v", err)
	}
}

func run(dir, listen string) error {
	socket := filepath.Join(dir, "ferretdb.sock")
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) { // left by one that was killed
		return err
	}
	f, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{Unix: socket},
		Handler:   "sqlite",
		SQLiteURL: "file:" + dir + "/",
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer stop()
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent is gone
		_ = l.Close()
	}()
	go func() {
		defer stop()
		if err := (&gate{server: socket}).serve(l); !errors.Is(err, net.ErrClosed) {
			log.Printf("ferretdb: %v", err)
		}
	}()
	fmt.Printf("mongodb://%s/\n", l.Addr())
	return f.Run(ctx)
}
