// Command ferretdb runs an embedded FerretDB for tests: MongoDB's wire protocol on SQLite files, for where no mongod is installed. It
// is a module of its own so that FerretDB's dependencies stay out of Daybook's go.mod.
//
// Usage: ferretdb -dir DIR [-listen 127.0.0.1:0] [-keep]. It prints the MongoDB URI on one line and ends when its standard input closes, so that it
// never outlives the test that started it.
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
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	dir := flag.String("dir", "", "directory for the SQLite files, which must exist")
	listen := flag.String("listen", "127.0.0.1:0", "TCP address; port 0 picks a free one")
	keep := flag.Bool("keep", false, "leave the directory when it ends")
	flag.Parse()
	if err := run(*dir, *listen, *keep); err != nil {
		log.Fatalf("ferretdb: %v", err)
	}
}

func run(dir, listen string, keep bool) error {
	addr, err := free(listen)
	if err != nil {
		return err
	}
	f, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: addr},
		Handler:   "sqlite",
		SQLiteURL: "file:" + dir + "/",
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer stop()
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent is gone
	}()
	go announce(addr, f.MongoDBURI())
	err = f.Run(ctx)
	if keep {
		return err
	}
	return errors.Join(err, os.RemoveAll(dir))
}

// announce prints the URI once the server accepts connections.
func announce(addr, uri string) {
	for range 500 {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			fmt.Println(uri)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	log.Fatalf("ferretdb: nothing listens on %s", addr)
}

// free resolves port 0 here, because FerretDB's own listener would not tell which port it got.
func free(listen string) (string, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
