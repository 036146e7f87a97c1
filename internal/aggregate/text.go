package aggregate

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// ID returns the id of the document of a group: the values as text, with commas between. Values of one view's groups have equal ids only if they are equal. A single value that is a legal
// id is that id; other characters than letters, digits and "-._:+" are as in URLs, null is "~", and what is too long for an id is a hash.
func ID(values []any) string {
	switch len(values) {
	case 0:
		return schema.AllGroup
	case 1:
		if v := values[0]; v != nil {
			if text := plain(v); legal(text) {
				return text
			}
		}
		return bounded("~" + escaped(values[0]))
	}
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = escaped(v)
	}
	return bounded(strings.Join(parts, ","))
}

// legal reports whether a text can be an id and is none of those that begin with "~".
func legal(text string) bool {
	return schema.LegalID(text) && text[0] != '~'
}

// escaped never has a "#", and a "~" only for null.
func escaped(v any) string {
	if v == nil {
		return "~"
	}
	var b strings.Builder
	for _, c := range []byte(plain(v)) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._:+", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func bounded(id string) string {
	if len(id) > schema.MaxIDBytes {
		sum := sha256.Sum256([]byte(id))
		return "~#" + hex.EncodeToString(sum[:])
	}
	return id
}

// plain is the text of a value that is not null: equal for equal values of one kind, and only for those.
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case scalar.Long:
		return strconv.FormatInt(int64(v), 10)
	case bool:
		return strconv.FormatBool(v)
	case float64:
		if v == 0 {
			v = 0 // there are two
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case scalar.Decimal:
		return v.String()
	case scalar.DateTime:
		return v.String()
	case scalar.Date:
		return string(v)
	case scalar.UUID:
		return string(v)
	}
	return fmt.Sprint(v) // no model has that
}

// appendText writes a text with its length before it.
func appendText(b []byte, s string) []byte {
	b = strconv.AppendInt(b, int64(len(s)), 10)
	return append(append(b, ':'), s...)
}

// maxTallyText is how long a tally's value may be before it is hashed.
const maxTallyText = 200

// Sortable returns the text of a value that is not null, by which tallies are sorted and found: equal for equal values of one kind, and only for those. Of numbers and times the
// order of bytes is that of the values, and FromSortable reads it.
func Sortable(v any) string {
	switch v := v.(type) {
	case int:
		return scalar.NewDecimal(int64(v)).Sortable()
	case scalar.Long:
		return scalar.NewDecimal(int64(v)).Sortable()
	case float64:
		return scalar.SortableFloat(v)
	case scalar.Decimal:
		return v.Sortable()
	case scalar.DateTime:
		return v.Sortable()
	case string:
		if len(v) > maxTallyText {
			sum := sha256.Sum256([]byte(v))
			return "#" + hex.EncodeToString(sum[:])
		}
		return "=" + v
	}
	return plain(v)
}

// FromSortable returns the number or time of that kind whose Sortable is text.
func FromSortable(kind schema.Kind, text string) (any, error) {
	switch kind {
	case schema.KindInt, schema.KindLong:
		d, err := scalar.DecimalFromSortable(text)
		if err != nil {
			return nil, err
		}
		if kind == schema.KindInt {
			return strconv.Atoi(d.String())
		}
		return scalar.ParseLong(d.String())
	case schema.KindDecimal:
		return scalar.DecimalFromSortable(text)
	case schema.KindFloat:
		return scalar.FloatFromSortable(text)
	case schema.KindDateTime:
		return scalar.ParseDateTime(text)
	case schema.KindDate:
		return scalar.ParseDate(text)
	}
	return nil, fmt.Errorf("values of kind %v are not read from tallies", kind)
}

// TallyID returns the id of the document in which a view counts a value of a field in a group, by its Sortable.
func TallyID(group, field, text string) string {
	sum := sha256.Sum256(appendText(appendText(appendText(nil, group), field), text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Values returns the values of a view's groups in an id, as ID wrote it: nil for null, and for what the id does not tell. possible is false if no group has that id. If it is true some need not
// have it either.
func Values(v *schema.View, id string) (values []any, possible bool) {
	values = make([]any, len(v.Groups))
	for i, text := range texts(id, len(values)) {
		if text == nil {
			continue
		}
		value, err := fromPlain(v.Groups[i].Field, *text)
		if err != nil {
			return nil, false
		}
		values[i] = value
	}
	return values, true
}

// fromPlain reads what plain wrote of a value of a group. An error says that no value of its kind has that text.
func fromPlain(f *schema.Field, text string) (any, error) {
	if f.Ref != nil {
		return text, nil
	}
	switch f.Type.Kind {
	case schema.KindInt:
		return strconv.Atoi(text)
	case schema.KindLong:
		return scalar.ParseLong(text)
	case schema.KindBoolean:
		return strconv.ParseBool(text)
	case schema.KindDecimal:
		return scalar.ParseDecimal(text)
	case schema.KindUUID:
		return scalar.ParseUUID(text)
	case schema.KindDate:
		return scalar.ParseDate(text)
	case schema.KindDateTime:
		return scalar.ParseDateTime(text)
	}
	return text, nil // an ID, a String or an enum
}

// texts returns the texts of the values in an id of n groups: nil for null, and for what the id does not tell. Whatever is no such id has some texts, or none.
func texts(id string, n int) []*string {
	out := make([]*string, n)
	switch {
	case n == 0 || strings.HasPrefix(id, "~#"):
	case n == 1 && !strings.HasPrefix(id, "~"):
		out[0] = &id
	case n == 1:
		out[0] = unescaped(id[1:])
	default:
		for i, part := range strings.SplitN(id, ",", n) {
			out[i] = unescaped(part)
		}
	}
	return out
}

func unescaped(text string) *string {
	if text == "~" {
		return nil
	}
	plain, err := url.PathUnescape(text)
	if err != nil || !utf8.ValidString(plain) {
		return nil
	}
	return &plain
}
