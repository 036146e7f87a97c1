package command

import (
	"bytes"
	"encoding/json"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/internal/rawjson"
)

// elements are those of a list as JSON, with their keys.
type elements struct {
	raws []json.RawMessage
	keys []string
	at   map[string]int
}

// readElements returns false if an element has no key or two have the same.
func readElements(list json.RawMessage, key string) (*elements, bool) {
	out := &elements{at: map[string]int{}}
	if bytes.Equal(list, null) {
		return out, true
	}
	err := rawjson.Elements(list, func(one json.RawMessage) error {
		k, err := eventlog.ElementKey(one, key)
		if err != nil {
			return err
		}
		out.at[k] = len(out.raws)
		out.raws, out.keys = append(out.raws, one), append(out.keys, k)
		return nil
	})
	return out, err == nil && len(out.at) == len(out.raws)
}

// elementChanges returns the changes, without brackets around them, that make one list of another by removing, updating and appending elements; nil if that does not lead there.
func elementChanges(path, key string, was, is json.RawMessage) []byte {
	before, ok := readElements(was, key)
	if !ok {
		return nil
	}
	after, ok := readElements(is, key)
	if !ok {
		return nil
	}
	w := changeWriter{path: path, by: key}
	for i, k := range before.keys {
		if _, stays := after.at[k]; !stays {
			w.change("remove", k, nil)
		} else if next := after.at[k]; !bytes.Equal(before.raws[i], after.raws[next]) {
			w.change("update", k, after.raws[next])
		}
	}
	last, appended := -1, false
	for i, k := range after.keys {
		at, stays := before.at[k]
		if stays && (appended || at < last) {
			return nil // the order changed
		}
		if !stays {
			appended = true
			w.change("insert", k, after.raws[i])
			continue
		}
		last = at
	}
	return w.b
}

// changeWriter writes eventlog.Changes of the elements of one list.
type changeWriter struct {
	path, by string
	b        []byte
}

func (w *changeWriter) change(op, key string, value json.RawMessage) {
	if len(w.b) > 0 {
		w.b = append(w.b, ',')
	}
	quoted, _ := json.Marshal(key) // a text always is JSON
	w.b = append(append(append(w.b, `{"op":"`...), op...), `","path":"`...)
	w.b = append(append(append(w.b, w.path...), `","by":"`...), w.by...)
	w.b = append(append(w.b, `","key":`...), quoted...)
	if value != nil {
		w.b = append(append(w.b, `,"value":`...), value...)
	}
	w.b = append(w.b, '}')
}
