package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"time"
)

// FerretDB's SQLite handler updates by reading, changing and writing, without holding the document between: two updates at once can lose one,
// and two creations of a collection can panic. MongoDB does neither. So clients talk to FerretDB through gate, which lets one command that
// changes something run at a time.

// maxMessage is the largest message of the protocol, in bytes.
const maxMessage = 48_000_000

// gate passes messages between clients and the server.
type gate struct {
	server string // its Unix socket
	mu     sync.RWMutex
}

// serve accepts clients until the listener closes.
func (g *gate) serve(l net.Listener) error {
	for {
		client, err := l.Accept()
		if err != nil {
			return err
		}
		go g.pass(client)
	}
}

// pass answers one client's messages in turn until either side closes.
func (g *gate) pass(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := g.dial()
	if err != nil {
		log.Printf("ferretdb: %v", err)
		return
	}
	defer func() { _ = server.Close() }()
	from := bufio.NewReader(client)
	for {
		request, err := readMessage(from)
		if err != nil {
			return
		}
		answer, err := g.ask(server, request, func() bool { return gone(client, from) })
		if err != nil {
			return
		}
		if _, err := client.Write(answer); err != nil {
			return
		}
	}
}

// dial waits for the server, which may still be starting.
func (g *gate) dial() (net.Conn, error) {
	for try := 0; ; try++ {
		c, err := net.Dial("unix", g.server)
		if err == nil || try == 500 {
			return c, err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (g *gate) ask(server net.Conn, request []byte, gone func() bool) ([]byte, error) {
	if onlyReads(request) {
		g.mu.RLock()
		defer g.mu.RUnlock()
	} else {
		g.mu.Lock()
		defer g.mu.Unlock()
		if gone() { // killed while it waited: else the next process would wait for all that the last one had sent
			return nil, net.ErrClosed
		}
	}
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	return readMessage(server)
}

// gone reports whether the client has closed its connection. Clients don't send while they wait, so there is nothing to read otherwise.
func gone(client net.Conn, from *bufio.Reader) bool {
	_ = client.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := from.Peek(1)
	_ = client.SetReadDeadline(time.Time{})
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

func readMessage(r io.Reader) ([]byte, error) {
	var header [16]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(header[:4])
	if n < 16 || n > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	message := append(make([]byte, 0, n), header[:]...)[:n]
	_, err := io.ReadFull(r, message[16:])
	return message, err
}

// onlyReads knows the reading commands by name: the first key of an OP_MSG's first section, which is after the header (16 bytes), the flags (4), the
// section's kind (1), the document's length (4) and the first element's type (1).
func onlyReads(message []byte) bool {
	const at = 16 + 4 + 1 + 4 + 1
	if len(message) < at {
		return false
	}
	name, _, _ := bytes.Cut(message[at:], []byte{0})
	switch string(name) {
	case "find", "getMore", "aggregate", "count", "distinct", "hello", "ping", "buildInfo", "killCursors":
		return true
	}
	return false
}
