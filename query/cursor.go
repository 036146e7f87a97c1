package query

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// sealBytes is how long the seal is that a cursor begins with.
const sealBytes = 16

// belongs says what the cursors of a list belong to: anywhere else they are refused. The filter is no part of it: a place in an order is one whatever is left out.
func (p *plan) belongs() []byte {
	text, _ := json.Marshal([]any{p.entity.Name, p.orders, p.asOf().UTC().Format(time.RFC3339Nano)}) // texts and booleans always encode
	return text
}

// cursor writes the keyset of a row: the values that the list is ordered by, and the id. The seal, under a secret of the store, ties it to what it belongs to.
func (p *plan) cursor(d *documents.Document) string {
	values := make([]json.RawMessage, 0, len(p.keys)+1)
	for _, o := range p.keys {
		raw, err := p.model.EncodeStored(p.typeOf(o.Field), d.Value(o.Field))
		if err != nil {
			raw = json.RawMessage("null") // values of documents are of their types
		}
		values = append(values, raw)
	}
	id, _ := json.Marshal(d.ID) // a string always encodes
	body, _ := json.Marshal(append(values, id))
	return base64.RawURLEncoding.EncodeToString(append(p.sealOf(body), body...))
}

func (p *plan) sealOf(body []byte) []byte {
	p.seal.Reset()
	p.seal.Write(p.sealed)
	p.seal.Write([]byte{0}) // is in no JSON: nothing of the one can be taken for the other
	p.seal.Write(body)
	return p.seal.Sum(nil)[:sealBytes]
}

func (p *plan) parse(name, text string) ([]any, error) {
	if text == "" {
		return nil, nil
	}
	wrong := invalid("%s is no cursor of this list in this order: send one that this list gave, unchanged", name)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) <= sealBytes || base64.RawURLEncoding.EncodeToString(raw) != text { // the decoder takes more than it writes
		return nil, wrong
	}
	body := raw[sealBytes:]
	if !hmac.Equal(raw[:sealBytes], p.sealOf(body)) {
		return nil, wrong
	}
	var values []json.RawMessage
	if err := json.Unmarshal(body, &values); err != nil || len(values) != len(p.keys)+1 {
		return nil, wrong
	}
	out := make([]any, len(values))
	for i, v := range values {
		t := schema.Type{Kind: schema.KindID, Name: "ID"}
		if i < len(p.keys) {
			t = p.typeOf(p.keys[i].Field)
		}
		if out[i], err = p.model.DecodeValue(t, v); err != nil {
			return nil, wrong // of a model that has changed since
		}
	}
	return out, nil
}

// secret returns what cursors are sealed with. It is read once, and again after failures.
func (e *Engine) secret(ctx context.Context) ([]byte, error) {
	if s := e.sealing.Load(); s != nil {
		return *s, nil
	}
	s, err := e.cfg.Store.Secret(ctx) // of several at once: it is the same for all
	if err != nil {
		return nil, err
	}
	e.sealing.Store(&s)
	return s, nil
}
