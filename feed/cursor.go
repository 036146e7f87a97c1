package feed

import (
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"
)

// maxCursorText bounds what ParseCursor looks at: 1,024 partitions of at most 22 bytes each, in base64.
const maxCursorText = 32 << 10

const cursorVersion = 2

// String returns the cursor as text.
func (c Cursor) String() string {
	b := []byte{cursorVersion, byte(len(c.Epoch))}
	b = append(b, c.Epoch...)
	for _, p := range slices.Sorted(maps.Keys(c.At)) {
		b = binary.AppendUvarint(b, uint64(p)) //nolint:gosec // partitions are not negative
		b = binary.AppendUvarint(b, c.At[p].Offset)
		b = binary.AppendUvarint(b, c.At[p].Link)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads what String wrote. The error is ErrMalformed.
func ParseCursor(s string) (Cursor, error) {
	if len(s) > maxCursorText {
		return Cursor{}, ErrMalformed
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < 2 || b[0] != cursorVersion || len(b) < 2+int(b[1]) {
		return Cursor{}, ErrMalformed
	}
	c := Cursor{Epoch: string(b[2 : 2+int(b[1])]), At: map[int]Mark{}}
	b = b[2+int(b[1]):]
	for len(b) > 0 {
		var v [3]uint64
		for i := range v {
			n := 0
			if v[i], n = binary.Uvarint(b); n <= 0 {
				return Cursor{}, ErrMalformed
			}
			b = b[n:]
		}
		if v[0] > 1<<16 {
			return Cursor{}, ErrMalformed
		}
		c.At[int(v[0])] = Mark{v[1], v[2]}
	}
	if c.String() != s {
		return Cursor{}, ErrMalformed
	}
	return c, nil
}

// Clone returns a copy that shares nothing with c.
func (c Cursor) Clone() Cursor { return Cursor{c.Epoch, maps.Clone(c.At)} }

// Seen moves the cursor over an entry. A Gap under another epoch begins a new cursor.
func (c *Cursor) Seen(e Entry) {
	if e.Kind == Gap && e.Epoch != c.Epoch {
		c.Epoch, c.At = e.Epoch, nil
	}
	if c.At == nil {
		c.At = map[int]Mark{}
	}
	c.At[e.Partition] = Mark{e.Offset, e.Link}
}
