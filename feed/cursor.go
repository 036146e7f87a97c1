package feed

import (
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"
)

// maxCursorText bounds what ParseCursor looks at: 1,024 partitions of at most 13 bytes each, in base64.
const maxCursorText = 24 << 10

// String returns the cursor as text.
func (c Cursor) String() string {
	b := []byte{1, byte(len(c.Epoch))}
	b = append(b, c.Epoch...)
	for _, p := range slices.Sorted(maps.Keys(c.Offsets)) {
		b = binary.AppendUvarint(b, uint64(p)) //nolint:gosec // partitions are not negative
		b = binary.AppendUvarint(b, c.Offsets[p])
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads what String wrote. The error is ErrMalformed.
func ParseCursor(s string) (Cursor, error) {
	if len(s) > maxCursorText {
		return Cursor{}, ErrMalformed
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < 2 || b[0] != 1 || len(b) < 2+int(b[1]) {
		return Cursor{}, ErrMalformed
	}
	c := Cursor{Epoch: string(b[2 : 2+int(b[1])]), Offsets: map[int]uint64{}}
	b = b[2+int(b[1]):]
	for len(b) > 0 {
		p, n := binary.Uvarint(b)
		if n <= 0 || p > 1<<16 {
			return Cursor{}, ErrMalformed
		}
		offset, m := binary.Uvarint(b[n:])
		if m <= 0 {
			return Cursor{}, ErrMalformed
		}
		c.Offsets[int(p)] = offset
		b = b[n+m:]
	}
	if c.String() != s {
		return Cursor{}, ErrMalformed
	}
	return c, nil
}

// Clone returns a copy that shares nothing with c.
func (c Cursor) Clone() Cursor { return Cursor{c.Epoch, maps.Clone(c.Offsets)} }

// Seen moves the cursor over an entry. A Gap under another epoch begins a new cursor.
func (c *Cursor) Seen(e Entry) {
	if e.Kind == Gap && e.Epoch != c.Epoch {
		c.Epoch, c.Offsets = e.Epoch, nil
	}
	if c.Offsets == nil {
		c.Offsets = map[int]uint64{}
	}
	c.Offsets[e.Partition] = e.Offset
}
