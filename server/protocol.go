package server

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
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
		var params map[string]json.RawMessage
		if len(m.Payload) > 0 && json.Unmarshal(m.Payload, &params) != nil {
			return closeInvalid, "Invalid message: its payload is no object", false
		}
		if _, wrong := atLeastParam(params); wrong != "" {
			return closeInvalid, "Invalid message: " + wrong, false
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
