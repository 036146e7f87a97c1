package mongo

import (
	"regexp"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
)

// pattern writes a condition on text as a regular expression that means the same to PCRE, which MongoDB has, and to Go, which FerretDB has: without options, nothing that was
// written special, and other cases spelled out, so that no engine's own folding counts.
func pattern(f documents.Text) string {
	var b strings.Builder
	if f.Op != documents.Contains && f.Op != documents.EndsWith {
		b.WriteString(`\A`)
	}
	pieces := documents.Pattern([]rune(f.Value))
	if f.Op == documents.Matches {
		pieces = documents.ParsePattern(f.Value, false)
	}
	for _, r := range pieces {
		piece(&b, r, f.IgnoreCase)
	}
	if f.Op != documents.Contains && f.Op != documents.StartsWith {
		b.WriteString(`\z`)
	}
	return b.String()
}

func piece(b *strings.Builder, r rune, anyCase bool) {
	switch {
	case r == documents.AnyRun:
		b.WriteString(`[\s\S]*`)
	case r == documents.AnyRune:
		b.WriteString(`[\s\S]`)
	case r == 0: // a zero byte cannot be in a pattern, its escape can
		b.WriteString(`\x00`)
	case anyCase && len(documents.Orbit(r)) > 1:
		b.WriteString("[" + string(documents.Orbit(r)) + "]") // letters, none of them special
	default:
		b.WriteString(regexp.QuoteMeta(string(r)))
	}
}
