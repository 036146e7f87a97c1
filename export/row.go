package export

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// value is one value of a row. The zero value is null.
type value struct {
	kind valueKind
	text string // of textValue
	raw  []byte // of rawValue: JSON
}

type valueKind uint8

const (
	nullValue valueKind = iota
	textValue
	rawValue
)

func text(s string) value { return value{kind: textValue, text: s} }

// optional is text, and null if that is empty.
func optional(s string) value {
	if s == "" {
		return value{}
	}
	return text(s)
}

func raw(b []byte) value { return value{kind: rawValue, raw: b} }

func number[T int | int64 | uint64](n T) value {
	if n < 0 {
		return raw(strconv.AppendInt(nil, int64(n), 10))
	}
	return raw(strconv.AppendUint(nil, uint64(n), 10))
}

func boolean(b bool) value { return raw(strconv.AppendBool(nil, b)) }

// table writes rows of named columns.
type table struct {
	format Format
	names  []string
	keys   [][]byte // of NDJSON: `"name":`
}

func newTable(f Format, names []string) *table {
	t := &table{format: f, names: names}
	for _, n := range names {
		t.keys = append(t.keys, append(appendJSON(nil, n), ':'))
	}
	return t
}

// header appends what comes before the first row.
func (t *table) header(b []byte) []byte {
	if t.format != CSV {
		return b
	}
	for i, n := range t.names {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendCell(b, n)
	}
	return append(b, "\r\n"...)
}

// row appends one row. There are as many values as columns.
func (t *table) row(b []byte, values []value) []byte {
	if t.format == CSV {
		return t.cells(b, values)
	}
	for i, v := range values {
		b = append(b, "{,"[min(i, 1)])
		b = append(b, t.keys[i]...)
		switch v.kind {
		case nullValue:
			b = append(b, "null"...)
		case textValue:
			b = appendJSON(b, v.text)
		case rawValue:
			b = appendLine(b, v.raw)
		}
	}
	return append(b, "}\n"...)
}

func (t *table) cells(b []byte, values []value) []byte {
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		switch v.kind {
		case textValue:
			b = appendCell(b, v.text)
		case rawValue:
			b = appendCell(b, string(v.raw))
		}
	}
	return append(b, "\r\n"...)
}

// appendCell writes a cell of CSV, exactly: it is quoted where it has to be, and if it is empty, which null is not.
func appendCell(b []byte, s string) []byte {
	if s != "" && !strings.ContainsAny(s, "\",\r\n") && s[0] != ' ' && s[len(s)-1] != ' ' {
		return append(b, s...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)
	return append(b, '"')
}

// appendJSON writes a JSON string; HTML is not escaped.
func appendJSON(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			out := bytes.NewBuffer(b)
			enc := json.NewEncoder(out)
			enc.SetEscapeHTML(false)
			_ = enc.Encode(s)                // a string always encodes
			return out.Bytes()[:out.Len()-1] // without the line's end
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendLine writes JSON as it is, but on one line.
func appendLine(b, raw []byte) []byte {
	if !bytes.ContainsAny(raw, "\r\n") {
		return append(b, raw...)
	}
	out := bytes.NewBuffer(b)
	if err := json.Compact(out, raw); err != nil {
		return append(b, "null"...) // the log holds no such thing
	}
	return out.Bytes()
}
