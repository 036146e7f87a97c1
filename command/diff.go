package command

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// MaxEntityBytes is how large all fields of an entity may be together, as JSON. Its versions, which have the state and the changes, then fit into a
// document of any engine.
const MaxEntityBytes = 4 << 20

// difference is what a command changed, in the log's terms.
type difference struct {
	changes json.RawMessage
	set     map[string]json.RawMessage
	clear   []string
	entity  *schema.Entity
	claims  []claimKey
	frees   []claimKey
}

// diff compares what the head holds of an entity with what it is to be. The state is among the changes, so that folding changes is all that a reader of
// the log does; the head keeps it apart. What is deleted changes nothing, but its head and its unique values are given up. only names the fields that
// can have changed, nil for all.
func diff(m *schema.Model, e *schema.Entity, head eventlog.Head, after schema.Record, deleted bool, only map[string]bool) (*difference, error) {
	d := &difference{entity: e, set: map[string]json.RawMessage{}}
	changed := map[string]json.RawMessage{}
	size := 0
	for _, raw := range head.Fields {
		size += len(raw)
	}
	changes := []byte{'['} // an eventlog.Change each, of parts that are JSON already
	for _, f := range e.Fields {
		if f.Name == "id" || f.Copy != nil || only != nil && !only[f.Name] {
			continue
		}
		was, is := held(e, head, f), null
		if !deleted {
			var err error
			if is, err = m.EncodeValue(f.Type, after[f.Name]); err != nil {
				is, err = encodeOlder(m, e, f, was, after[f.Name], err)
			}
			if err != nil {
				return nil, err
			}
		}
		if bytes.Equal(was, is) {
			continue
		}
		if size += len(is) - len(was); size > MaxEntityBytes && len(is) > len(was) {
			return nil, invalid(f.Name, fmt.Sprintf("the %s would be larger than %d bytes", e.Name, MaxEntityBytes))
		}
		if !deleted {
			changes = appendChange(changes, m, f, was, is, head.Version == 0)
		}
		if f != e.State {
			d.put(f.Name, is)
		}
		changed[f.Name] = is
	}
	changes = append(changes, ']')
	d.changes = changes
	d.uniques(head, changed)
	return d, nil
}

// worthIt is how many bytes more than the whole list the changes of its elements may take: they say more.
const worthIt = 256

// appendChange adds a field's change to the list of changes: as changes of elements, where it is a list whose elements have keys and that isn't much more, else as
// the whole value, as in the entity's first event.
func appendChange(changes []byte, m *schema.Model, f *schema.Field, was, is json.RawMessage, created bool) []byte {
	if len(changes) > 1 {
		changes = append(changes, ',')
	}
	if key := m.Keyed(f); key != nil && !created && !bytes.Equal(is, null) {
		if elements := elementChanges(f.Name, key.Name, was, is); elements != nil && len(elements) < len(is)+worthIt {
			return append(changes, elements...)
		}
	}
	changes = append(append(append(changes, `{"op":"set","path":"`...), f.Name...), `","value":`...)
	return append(append(changes, is...), '}')
}

// held returns a field's JSON as the head has it.
func held(e *schema.Entity, head eventlog.Head, f *schema.Field) json.RawMessage {
	if f == e.State && head.State != "" {
		return json.RawMessage(`"` + head.State + `"`) // a name: nothing in it needs escaping
	}
	if raw := head.Fields[f.Name]; raw != nil {
		return raw
	}
	return null
}

// encodeOlder writes a value that today's model refuses, for that reason, if it is the one that was there: an older model allowed it, and only a new value has to fit. Of
// lists with keys that goes for each element.
func encodeOlder(m *schema.Model, e *schema.Entity, f *schema.Field, was json.RawMessage, is any, why error) (json.RawMessage, error) {
	if unchanged(m, f.Type, was, is) {
		return was, nil
	}
	list, _ := is.([]any)
	key := m.Keyed(f)
	if key == nil || len(list) > schema.MaxListLength || slices.Contains(list, nil) {
		return nil, unfit(e, f, why)
	}
	before, ok := readElements(was, key.Name)
	if !ok {
		return nil, unfit(e, f, why)
	}
	one, out := f.Type, []byte{'['}
	one.List = false
	for i, element := range list {
		raw, err := m.EncodeValue(one, element)
		if err != nil {
			n, there := before.at[keyOf(element, key.Name)]
			switch {
			case there && unchanged(m, one, before.raws[n], element):
				raw = before.raws[n]
			case there && !fits(m, one, before.raws[n]):
				return nil, invalid(f.Name, fmt.Sprintf("%s of the %s: [%d].%v", f.Name, e.Name, i, err))
			default:
				return nil, unfit(e, f, fmt.Errorf("[%d].%w", i, err))
			}
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, raw...)
	}
	return append(out, ']'), nil
}

// fits reports whether today's model allows a value that is in the log.
func fits(m *schema.Model, t schema.Type, raw json.RawMessage) bool {
	v, err := m.DecodeValue(t, raw)
	if err == nil {
		_, err = m.EncodeValue(t, v)
	}
	return err == nil
}

// unchanged reports whether a value, which today's model need not allow, is the one that was there.
func unchanged(m *schema.Model, t schema.Type, was json.RawMessage, is any) bool {
	raw, err := m.EncodeStored(t, is)
	return err == nil && bytes.Equal(raw, was)
}

// unfit is for a value that can't be written. What the client's own numbers added up to is the client's to know; anything else is a rule's mistake.
func unfit(e *schema.Entity, f *schema.Field, err error) error {
	var scalar interface{ GraphQLCode() string }
	if errors.As(err, &scalar) {
		return invalid(f.Name, fmt.Sprintf("%s of the %s would be what can't be stored: %v", f.Name, e.Name, err))
	}
	return fmt.Errorf("field %s of %s: %w", f.Name, e.Name, err)
}

var null = json.RawMessage("null")

func (d *difference) put(name string, is json.RawMessage) {
	if bytes.Equal(is, null) {
		d.clear = append(d.clear, name)
		return
	}
	d.set[name] = is
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
		raw, err := m.EncodeStored(a.Type, v) // what of it becomes a field is looked at there
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
	if c.RunAt != nil {
		fmt.Fprintf(h, "%q ", c.RunAt.Sortable())
	}
	h.Write(input)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// decodeInput reads what encodeInput wrote: a key with nil is an explicit null. It fails if the model asks for more by now.
func decodeInput(m *schema.Model, c *schema.Command, raw json.RawMessage) (schema.Record, error) {
	given := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &given); err != nil {
		return nil, fmt.Errorf("the input of %s can't be read: %w", c.Name, err)
	}
	out := schema.Record{}
	for _, a := range c.Args {
		value, ok := given[a.Name]
		if a.Type.NonNull && (!ok || bytes.Equal(value, null)) {
			return nil, fmt.Errorf("the argument %s of %s is missing", a.Name, c.Name)
		}
		if !ok {
			continue
		}
		v, err := m.DecodeValue(a.Type, value)
		if err != nil {
			return nil, fmt.Errorf("the argument %s of %s can't be read: %w", a.Name, c.Name, err)
		}
		out[a.Name] = v
	}
	return out, nil
}
