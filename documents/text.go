package documents

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Holds reports whether a text is as the condition says. It takes time in proportion to the product of both lengths at most.
func (t Text) Holds(s string) bool {
	want := t.Value
	if t.IgnoreCase {
		s = Fold(s)
		if t.Op != Matches {
			want = Fold(want)
		}
	}
	switch t.Op {
	case Equals:
		return s == want
	case Contains:
		return strings.Contains(s, want)
	case StartsWith:
		return strings.HasPrefix(s, want)
	case EndsWith:
		return strings.HasSuffix(s, want)
	case Matches:
		return ParsePattern(t.Value, t.IgnoreCase).matches(s)
	}
	return false
}

// Fold replaces each character by the first of those that are the same by Unicode's simple case folding. Texts that fold to the same differ in case only.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			if r >= 'a' && r <= 'z' {
				return r - 'a' + 'A' // the first of each of these orbits is the capital
			}
			return r
		}
		return slices.Min(Orbit(r))
	}, s)
}

// Orbit returns the characters that are the same as r by Unicode's simple case folding, r itself among them.
func Orbit(r rune) []rune {
	out := []rune{r}
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		out = append(out, o)
	}
	return out
}

// Kinds of a piece of a pattern.
const (
	AnyRun  rune = -1 // any number of characters, also none: *
	AnyRune rune = -2 // exactly one: ?
)

// Pattern is a parsed pattern of Matches: characters, AnyRun and AnyRune.
type Pattern []rune

// ParsePattern reads a pattern: * stands for any number of characters, ? for exactly one, \ takes the meaning from the character behind it; everything else, a \ at
// the end too, stands for itself. With fold its characters are folded, as Fold does it.
func ParsePattern(text string, fold bool) Pattern {
	if fold {
		text = Fold(text)
	}
	var out Pattern
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			out, escaped = append(out, r), false
		case r == '\\':
			escaped = true
		case r == '*':
			if len(out) == 0 || out[len(out)-1] != AnyRun {
				out = append(out, AnyRun)
			}
		case r == '?':
			out = append(out, AnyRune)
		default:
			out = append(out, r)
		}
	}
	if escaped {
		out = append(out, '\\')
	}
	return out
}

// matches goes through text and pattern once, and back to behind the last AnyRun where they part.
func (p Pattern) matches(s string) bool {
	at, run := 0, -1 // in the pattern; where the last AnyRun was
	rest := ""       // what of the text that AnyRun may still take
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case at < len(p) && p[at] == AnyRun:
			run, rest = at, s
			at++
		case at < len(p) && (p[at] == AnyRune || p[at] == r):
			at++
			s = s[n:]
		case run >= 0:
			_, n := utf8.DecodeRuneInString(rest)
			rest = rest[n:]
			at, s = run+1, rest
		default:
			return false
		}
	}
	for at < len(p) && p[at] == AnyRun {
		at++
	}
	return at == len(p)
}
