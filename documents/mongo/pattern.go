package mongo

import (
	"regexp"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
)

// pattern writes a condition on text as a regular expression that means the same to PCRE, which MongoDB has, and to Go, which FerretDB has: without options, nothing that was
// written special, and other cases than those of ASCII letters spelled out, so that no engine's own folding counts.
//
// PCRE gives up after 10 million steps back, and MongoDB then takes the text for one that doesn't match. So with atomic it may not go back to a run of any characters: what stands
// behind one is looked for where it comes first, which leaves the most to what follows. Go has no such groups, and needs none.
func pattern(f documents.Text, atomic bool) string {
	var b strings.Builder
	if f.Op != documents.Contains && f.Op != documents.EndsWith {
		b.WriteString(`\A`)
	}
	pieces := documents.Pattern([]rune(f.Value))
	if f.Op == documents.Matches {
		pieces = documents.ParsePattern(f.Value, false)
	}
	for n, part := range parts(pieces) {
		switch {
		case n == 0:
			part.write(&b, f.IgnoreCase)
		case atomic && !part.last:
			b.WriteString(`(?>[\s\S]*?`)
			part.write(&b, f.IgnoreCase)
			b.WriteString(")")
		default:
			b.WriteString(`[\s\S]*`)
			part.write(&b, f.IgnoreCase)
		}
	}
	if f.Op != documents.Contains && f.Op != documents.StartsWith {
		b.WriteString(`\z`)
	}
	return b.String()
}

// part is what stands between two runs of any characters in a pattern, before the first or behind the last.
type part struct {
	pieces documents.Pattern
	last   bool
}

// parts returns the parts of a pattern: one more than it has runs.
func parts(pieces documents.Pattern) []part {
	var out []part
	for {
		n := slices.Index(pieces, documents.AnyRun)
		if n < 0 {
			return append(out, part{pieces, true})
		}
		out = append(out, part{pieces: pieces[:n]})
		pieces = pieces[n+1:]
	}
}

func (p part) write(b *strings.Builder, anyCase bool) {
	for _, r := range p.pieces {
		piece(b, r, anyCase)
	}
}

func piece(b *strings.Builder, r rune, anyCase bool) {
	switch {
	case r == documents.AnyRune:
		b.WriteString(`[\s\S]`)
	case r == 0: // a zero byte cannot be in a pattern, its escape can
		b.WriteString(`\x00`)
	case anyCase && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'):
		b.WriteString("(?i:" + string(r) + ")") // all engines agree on these, the sign for kelvin and the long s too, and PCRE would keep each class with those in 40 bytes, and takes 64 KiB
	case anyCase && len(documents.Orbit(r)) > 1:
		b.WriteString("[" + string(documents.Orbit(r)) + "]") // letters, none of them special
	default:
		b.WriteString(regexp.QuoteMeta(string(r)))
	}
}
