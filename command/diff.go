package command

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// difference is what a command changed, in the log's terms.
type difference struct {
	changes json.RawMessage
	set     map[string]json.RawMessage
	clear   []string
	claims  []eventlog.Claim // without owner
	frees   []eventlog.Claim
}

// diff compares an entity's own fields before and after. The state is among the changes, so that folding changes is all that a reader of the log does;
// the head keeps it apart. What is deleted changes nothing, but its head and its unique values are given up.
func diff(m *schema.Model, e *schema.Entity, before, after schema.Record, deleted bool) (*difference, error) {
	d := &difference{set: map[string]json.RawMessage{}}
	changes := []eventlog.Change{}
	for _, f := range e.Fields {
		if f.Name == "id" || f.Copy != nil {
			continue
		}
		was, err := m.EncodeValue(f.Type, before[f.Name])
		if err != nil {
			return nil, fmt.Errorf("field %s of %s before: %w", f.Name, e.Name, err)
		}
		is, err := m.EncodeValue(f.Type, after[f.Name])
		if err != nil { // a rule made of the input what can't be kept, such as a number with too many digits
			return nil, invalid(f.Name, fmt.Sprintf("%s of the %s would be what can't be stored: %v", f.Name, e.Name, err))
		}
		if deleted {
			is = null
		} else if !bytes.Equal(was, is) {
			changes = append(changes, eventlog.Change{Op: "set", Path: f.Name, Value: is})
		}
		if bytes.Equal(was, is) {
			continue
		}
		if f != e.State {
			d.head(f.Name, is)
		}
		if f.Unique {
			d.unique(e.Name+"."+f.Name, was, is)
		}
	}
	var err error
	d.changes, err = json.Marshal(changes)
	return d, err
}

var null = json.RawMessage("null")

func (d *difference) head(name string, is json.RawMessage) {
	if bytes.Equal(is, null) {
		d.clear = append(d.clear, name)
		return
	}
	d.set[name] = is
}

func (d *difference) unique(field string, was, is json.RawMessage) {
	if !bytes.Equal(was, null) {
		d.frees = append(d.frees, eventlog.Claim{Field: field, Value: claimText(was)})
	}
	if !bytes.Equal(is, null) {
		d.claims = append(d.claims, eventlog.Claim{Field: field, Value: claimText(is)})
	}
}

// claimText is the canonical text of a unique value: a string's own, else its JSON.
func claimText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func (d *difference) claim(owner eventlog.Ref) []eventlog.Claim   { return owned(d.claims, owner) }
func (d *difference) release(owner eventlog.Ref) []eventlog.Claim { return owned(d.frees, owner) }

func owned(claims []eventlog.Claim, owner eventlog.Ref) []eventlog.Claim {
	for i := range claims {
		claims[i].Owner = owner
	}
	return claims
}

// encodeInput writes the arguments that were given as JSON, in the model's order; explicit nulls stay.
func encodeInput(m *schema.Model, c *schema.Command, input schema.Record) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for _, a := range c.Args {
		v, given := input[a.Name]
		if !given {
			continue
		}
		raw, err := m.EncodeValue(a.Type, v)
		if err != nil {
			return nil, invalid(a.Name, fmt.Sprintf("%s: %v", a.Name, err))
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", a.Name, raw)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// inputHash tells a retry of a command from another command under the same id: by everything that decides what it does.
func inputHash(c *Command, input []byte) string {
	h := sha256.New()
	occurred := ""
	if c.OccurredAt != nil {
		occurred = c.OccurredAt.Sortable()
	}
	fmt.Fprintf(h, "%q %q %q ", c.Name, c.ID, occurred)
	h.Write(input)
	return hex.EncodeToString(h.Sum(nil)[:16])
}
