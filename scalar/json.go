package scalar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// Limits of a JSON value.
const (
	MaxJSONBytes = 1 << 20
	MaxJSONDepth = 64 // lists and objects in one another
)

// JSON is any JSON value (RFC 8259) as compact text: object keys sorted by bytes, numbers as they were written. It has no order.
type JSON string

// ErrJSON is wrapped by errors about what is no JSON.
var ErrJSON = error(inputError("not a JSON value: at most 1 MiB and 64 levels deep, no key twice in one object"))

// ParseJSON reads one JSON value and makes its text canonical.
func ParseJSON(b []byte) (JSON, error) {
	if len(b) > MaxJSONBytes || !utf8.Valid(b) {
		return "", ErrJSON
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	v, err := readJSON(dec, 0)
	if err != nil {
		return "", fmt.Errorf("%w (%w)", ErrJSON, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("%w (something follows it)", ErrJSON)
	}
	var out bytes.Buffer
	writeJSON(&out, v)
	return JSON(out.String()), nil
}

// readJSON reads a value token by token, since encoding/json keeps the last of several equal keys and says nothing. depth counts the lists and
// objects around it.
func readJSON(dec *json.Decoder, depth int) (any, error) {
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if _, opens := t.(json.Delim); opens && depth >= MaxJSONDepth {
		return nil, errors.New("too deep")
	}
	switch t {
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := readJSON(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = dec.Token()
		return list, err
	case json.Delim('{'):
		return readObject(dec, depth)
	}
	return t, nil
}

func readObject(dec *json.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for dec.More() {
		k, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key := k.(string) // the decoder allows nothing else here
		if _, twice := object[key]; twice {
			return nil, fmt.Errorf("the key %q is there twice", clip(key))
		}
		if object[key], err = readJSON(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return object, err
}

func writeJSON(out *bytes.Buffer, v any) {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		out.WriteByte('{')
		for i, k := range keys {
			if i > 0 {
				out.WriteByte(',')
			}
			writeText(out, k)
			out.WriteByte(':')
			writeJSON(out, v[k])
		}
		out.WriteByte('}')
	case []any:
		out.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			writeJSON(out, e)
		}
		out.WriteByte(']')
	case json.Number:
		out.WriteString(v.String())
	default:
		writeText(out, v)
	}
}

// writeText writes a string, bool or null without escaping HTML.
func writeText(out *bytes.Buffer, v any) {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)           // strings, bools and nil always encode
	out.Truncate(out.Len() - 1) // the encoder's newline
}

// MarshalJSON writes the value itself.
func (j JSON) MarshalJSON() ([]byte, error) {
	if j == "" {
		return []byte("null"), nil
	}
	return []byte(j), nil
}

// UnmarshalJSON reads any value.
func (j *JSON) UnmarshalJSON(b []byte) error {
	v, err := ParseJSON(b)
	if err == nil {
		*j = v
	}
	return err
}

// MarshalGQL writes the value itself.
func (j JSON) MarshalGQL(w io.Writer) {
	b, _ := j.MarshalJSON() // never fails
	w.Write(b)              //nolint:errcheck // gqlgen writes to memory
}

// UnmarshalGQL reads any value. A string is a JSON string, not JSON text. In a Go map no key is there twice: if the client's text had one twice, then
// whoever made the map of it kept one of them.
func (j *JSON) UnmarshalGQL(v any) error {
	if same, ok := v.(JSON); ok {
		*j = same
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrJSON, err)
	}
	return j.UnmarshalJSON(b)
}
