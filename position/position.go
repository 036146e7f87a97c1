// Package position names places in the log. A Position is a set of partition → (epoch, sequence), one place per
// partition, that can be joined: what a client has seen of several partitions is one Position.
package position

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
)

// MaxPartition is the largest partition number a Position may hold.
const MaxPartition = 1<<16 - 1

// ErrMalformed is returned by Parse for text that String did not make.
var ErrMalformed = errors.New("not a position: send back one that a receipt or a read gave you, unchanged")

// Place is a place in one partition: everything up to and including the event Seq of that Epoch. Seq 0 is before the first event.
type Place struct {
	Epoch uint64 // raised by repair after a log lost its tail
	Seq   uint64 // dense, from 1
}

// Before reports whether p is an earlier place than o. An earlier epoch is earlier whatever the sequence.
func (p Place) Before(o Place) bool {
	return p.Epoch < o.Epoch || p.Epoch == o.Epoch && p.Seq < o.Seq
}

// Position is a set of places, at most one per partition. The zero value is the empty position, which everything includes.
// A Position is a value: methods never change their receiver, and it is safe for concurrent use.
type Position struct {
	places map[int]Place
}

// At returns the position of one place.
func At(partition int, p Place) Position {
	return Position{places: map[int]Place{partition: p}}
}

// Of returns the position of places, one of each partition.
func Of(places map[int]Place) Position {
	return Position{places: maps.Clone(places)}
}

// IsZero reports whether the position is empty.
func (p Position) IsZero() bool { return len(p.places) == 0 }

// Place returns the place in the partition, and whether there is one.
func (p Position) Place(partition int) (Place, bool) {
	pl, ok := p.places[partition]
	return pl, ok
}

// Partitions returns the partitions that the position names, ascending.
func (p Position) Partitions() []int { return slices.Sorted(maps.Keys(p.places)) }

// Join returns the smallest position that includes both: per partition the later place. It is associative, commutative and
// idempotent.
func (p Position) Join(o Position) Position {
	if o.IsZero() {
		return p
	}
	out := make(map[int]Place, len(p.places)+len(o.places))
	maps.Copy(out, p.places)
	for n, pl := range o.places {
		if have, ok := out[n]; !ok || have.Before(pl) {
			out[n] = pl
		}
	}
	return Position{places: out}
}

// Meet returns the largest position that both include: per partition the earlier place, and none of a partition that one of them does not name.
func (p Position) Meet(o Position) Position {
	out := map[int]Place{}
	for n, pl := range p.places {
		if other, ok := o.places[n]; ok {
			if other.Before(pl) {
				pl = other
			}
			out[n] = pl
		}
	}
	return Position{places: out}
}

// Includes reports whether everything in o has also been seen at p.
func (p Position) Includes(o Position) bool {
	for n, want := range o.places {
		have, ok := p.places[n]
		if !ok || have.Before(want) {
			return false
		}
	}
	return true
}

const textVersion = 1

// String returns the text form that clients keep: URL-safe, opaque, equal for equal positions, "" for the empty one.
func (p Position) String() string {
	if p.IsZero() {
		return ""
	}
	b := []byte{textVersion}
	for _, n := range p.Partitions() {
		pl := p.places[n]
		b = binary.AppendUvarint(b, uint64(n))
		b = binary.AppendUvarint(b, pl.Epoch)
		b = binary.AppendUvarint(b, pl.Seq)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// Parse reads the text form. It returns ErrMalformed for anything that String does not produce.
func Parse(s string) (Position, error) {
	if s == "" {
		return Position{}, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < 4 || b[0] != textVersion {
		return Position{}, ErrMalformed
	}
	places := map[int]Place{}
	last := -1
	for b = b[1:]; len(b) > 0; {
		var v [3]uint64
		for i := range v {
			n := 0
			v[i], n = binary.Uvarint(b)
			if n <= 0 {
				return Position{}, ErrMalformed
			}
			b = b[n:]
		}
		if v[0] > MaxPartition || int(v[0]) <= last {
			return Position{}, ErrMalformed
		}
		last = int(v[0])
		places[last] = Place{Epoch: v[1], Seq: v[2]}
	}
	p := Position{places: places}
	if p.String() != s {
		return Position{}, ErrMalformed // a longer varint for the same number
	}
	return p, nil
}
