package server

import (
	"bytes"
	"io"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/coder/websocket"
)

// sockets opens WebSockets that keep to the protocol: gqlgen does not look at ids, and knows none of its close codes.
type sockets struct{ server *Server }

// Accept implements transport.WebsocketImplementation. Origins were checked before: see originAllowed.
func (s sockets) Accept(w http.ResponseWriter, r *http.Request, o transport.WebsocketAcceptOptions) (transport.WebsocketConn, error) {
	open := transport.CoderWebsocketImplementation{AcceptOptions: websocket.AcceptOptions{InsecureSkipVerify: true}}
	conn, err := open.Accept(w, r, o)
	if err != nil {
		return nil, err
	}
	return &socket{WebsocketConn: conn, server: s.server, running: map[string]*operation{}}, nil
}

// socket is one connection.
type socket struct {
	transport.WebsocketConn
	server *Server
	ready  bool // connection_init came; the reader's own

	mu      sync.Mutex
	running map[string]*operation
}

// NextReader implements transport.WebsocketConn: it returns the next message that gqlgen should see.
func (c *socket) NextReader() (int, io.Reader, error) {
	for {
		kind, r, err := c.WebsocketConn.NextReader()
		if err != nil {
			return kind, r, err
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			return kind, nil, err
		}
		switch code, reason, pass := c.check(raw); {
		case code != 0:
			_ = c.WriteClose(code, reason) // the client is gone if this fails
			return kind, nil, transport.ErrWebsocketClosed
		case pass:
			return kind, bytes.NewReader(raw), nil
		}
	}
}

// WriteJSON implements transport.WebsocketConn. After an error, gqlgen also says that the operation is complete, which the protocol does not have.
func (c *socket) WriteJSON(v any) error {
	kind, id := typeAndID(v)
	if kind != "complete" && kind != "error" {
		return c.WebsocketConn.WriteJSON(v)
	}
	c.mu.Lock()
	op := c.running[id]
	delete(c.running, id)
	c.mu.Unlock()
	if op == nil {
		return nil
	}
	defer close(op.over)
	return c.WebsocketConn.WriteJSON(v)
}

// typeAndID reads a message of gqlgen's, whose types are its own.
func typeAndID(v any) (kind, id string) {
	m := reflect.Indirect(reflect.ValueOf(v))
	if m.Kind() != reflect.Struct {
		return "", ""
	}
	text := func(name string) string {
		if f := m.FieldByName(name); f.IsValid() && f.Kind() == reflect.String {
			return f.String()
		}
		return ""
	}
	return text("Type"), text("ID")
}

// WriteClose implements transport.WebsocketConn, with the protocol's codes for gqlgen's.
func (c *socket) WriteClose(code int, reason string) error {
	switch {
	case reason == "connection initialisation timeout":
		code, reason = closeInitTimeout, "Connection initialisation timeout"
	case code == transport.WebsocketCloseNormalClosure && c.server.streams.Err() != nil:
		code, reason = int(websocket.StatusGoingAway), "the server is stopping"
	}
	return c.WebsocketConn.WriteClose(code, reason)
}

// SetReadLimit implements transport.WebsocketReadLimiter.
func (c *socket) SetReadLimit(limit int64) {
	if l, ok := c.WebsocketConn.(transport.WebsocketReadLimiter); ok {
		l.SetReadLimit(limit)
	}
}

// SetReadDeadline implements transport.WebsocketReadDeadliner.
func (c *socket) SetReadDeadline(t time.Time) error {
	if d, ok := c.WebsocketConn.(transport.WebsocketReadDeadliner); ok {
		return d.SetReadDeadline(t)
	}
	return nil
}
