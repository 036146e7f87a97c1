package server

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// stream is the response to a streaming client. gqlgen's keep-alive goroutine may write after the handler has returned, where net/http panics:
// from then on, and after a shutdown, nothing is written.
type stream struct {
	http.ResponseWriter
	stall   time.Duration
	writing sync.Mutex // held while bytes go out

	mu      sync.Mutex
	ended   bool // the handler is about to return
	aborted bool // the server is stopping
}

func (s *stream) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended || s.aborted
}

// Write writes, if it may still.
func (s *stream) Write(b []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.over() {
		return 0, http.ErrAbortHandler
	}
	return s.ResponseWriter.Write(b)
}

// Flush passes on, if it may still.
func (s *stream) Flush() {
	s.writing.Lock()
	defer s.writing.Unlock()
	if !s.over() {
		_ = http.NewResponseController(s.ResponseWriter).Flush() // the next write fails too
	}
}

// end waits for a write in progress and lets none follow. It reports whether the stream was aborted.
func (s *stream) end() bool {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	return s.aborted
}

// abort ends the stream in the middle: gqlgen would say that it is complete, and clients would not come back.
func (s *stream) abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.aborted = true
	_ = http.NewResponseController(s.ResponseWriter).SetWriteDeadline(time.Now()) // ends a write that waits
}

// Hijack returns a connection that drops clients which stop reading. coder/websocket writes to the buffer, which wraps the connection as it was.
func (s *stream) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Time{}) // the server's own deadlines were for the request
	p := &pacedConn{conn, s.stall}
	return p, bufio.NewReadWriter(rw.Reader, bufio.NewWriter(p)), nil
}

type pacedConn struct {
	net.Conn
	stall time.Duration
}

// Write writes as long as the client takes something, and closes the connection when it does not.
func (c *pacedConn) Write(b []byte) (int, error) {
	n, err := inPieces(b, func() { _ = c.SetWriteDeadline(time.Now().Add(c.stall)) }, c.Conn.Write) // a closed connection says so at the write
	if err != nil {
		c.Close()
	}
	return n, err
}

// gate counts the streams that are open.
type gate struct {
	mu      sync.Mutex
	open    int
	limit   int
	shut    bool
	drained chan struct{} // closed when the gate is shut and no stream is open
}

func newGate(limit int) *gate { return &gate{limit: limit, drained: make(chan struct{})} }

// enter lets a stream in, unless there are too many or the gate is shut. Who entered has to leave.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut || g.open >= g.limit {
		return false
	}
	g.open++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	if g.shut && g.open == 0 {
		close(g.drained)
	}
}

// close lets no more streams in.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut && g.open == 0 {
		close(g.drained)
	}
	g.shut = true
}

// wait waits until the streams have left.
func (g *gate) wait(ctx context.Context) {
	select {
	case <-g.drained:
	case <-ctx.Done():
	}
}
