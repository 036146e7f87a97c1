package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/coder/websocket"
)

const (
	initTimeout = 10 * time.Second
	// reuseBound is how long a new operation waits for the one of the same id that the client has just ended.
	reuseBound = 5 * time.Second
)

// The close codes of the protocol graphql-transport-ws.
const (
	closeInvalid      = 4400
	closeUnauthorized = 4401
	closeInitTimeout  = 4408
	closeInUse        = 4409
	closeInitTwice    = 4429
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

// operation is one that the client has begun and the server has not ended.
type operation struct {
	stopping bool // the client has ended it
	over     chan struct{}
}

// message is what the client sends, under both protocols.
type message struct {
	Type    string          `json:"type"`
	ID      string          `json:"id,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
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

// check looks at a message. It returns the code to close with, if any, and whether gqlgen should see the message.
func (c *socket) check(raw []byte) (code int, reason string, pass bool) {
	var m message
	if !utf8.Valid(raw) || json.Unmarshal(raw, &m) != nil {
		return closeInvalid, "Invalid message", false
	}
	switch m.Type {
	case "connection_init":
		if c.ready {
			return closeInitTwice, "Too many initialisation requests", false
		}
		if len(m.Payload) > 0 && json.Unmarshal(m.Payload, &object{}) != nil {
			return closeInvalid, "Invalid message: its payload is no object", false
		}
		c.ready = true
		return 0, "", true
	case "subscribe", "start":
		if !c.ready {
			return closeUnauthorized, "Unauthorized", false
		}
		return c.begin(m)
	case "complete", "stop":
		c.mu.Lock()
		defer c.mu.Unlock()
		if op := c.running[m.ID]; op != nil {
			op.stopping = true
		}
		return 0, "", true
	case "ping", "pong", "connection_terminate":
		return 0, "", true
	}
	return closeInvalid, "Invalid message", false
}

// begin notes a new operation, or refuses it.
func (c *socket) begin(m message) (code int, reason string, pass bool) {
	if m.ID == "" {
		return closeInvalid, "Invalid message: it has no id", false
	}
	if wrong := checkRequest(m.Payload); wrong != "" {
		c.refuse(m.ID, "INVALID_INPUT", "payload: "+wrong)
		return 0, "", false
	}
	if !c.freed(m.ID) {
		return closeInUse, "Subscriber already exists", false
	}
	limit := c.server.cfg.Limits.Subscriptions
	c.mu.Lock()
	full := len(c.running) >= limit
	if !full {
		c.running[m.ID] = &operation{over: make(chan struct{})}
	}
	c.mu.Unlock()
	if full {
		c.refuse(m.ID, "TOO_MUCH", fmt.Sprintf("this connection has %d operations running, and there may be no more", limit))
		return 0, "", false
	}
	return 0, "", true
}

// freed reports whether an id may be used. It waits for an operation that the client has ended: gqlgen would take the old one's end for the new one's.
func (c *socket) freed(id string) bool {
	c.mu.Lock()
	op := c.running[id]
	stopping := op != nil && op.stopping
	c.mu.Unlock()
	if op == nil || !stopping {
		return op == nil
	}
	select {
	case <-op.over:
		return true
	case <-time.After(reuseBound):
		return false
	}
}

// refuse answers an operation with an error.
func (c *socket) refuse(id, code, text string) {
	payload, err := json.Marshal([]any{map[string]any{"message": text, "extensions": map[string]string{"code": code}}})
	if err == nil {
		_ = c.WebsocketConn.WriteJSON(message{Type: "error", ID: id, Payload: payload}) // the client is gone if this fails
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
