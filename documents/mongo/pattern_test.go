package mongo

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		text   documents.Text
		atomic bool
		want   string
	}{
		{documents.Text{Op: documents.Matches, Value: "a*b?*c"}, false, `\Aa[\s\S]*b[\s\S][\s\S]*c\z`},
		{documents.Text{Op: documents.Matches, Value: "a*b?*c"}, true, `\Aa(?>[\s\S]*?b[\s\S])[\s\S]*c\z`},
		{documents.Text{Op: documents.Matches, Value: "*a*"}, true, `\A(?>[\s\S]*?a)[\s\S]*\z`},
		{documents.Text{Op: documents.Matches, Value: "*"}, true, `\A[\s\S]*\z`},
		{documents.Text{Op: documents.Matches, Value: ""}, true, `\A\z`},
		{documents.Text{Op: documents.Equals, Value: "k*", IgnoreCase: true}, true, `\A(?i:k)\*\z`},
		{documents.Text{Op: documents.EndsWith, Value: "(é", IgnoreCase: true}, true, `\([éÉ]\z`},
	} {
		if got := pattern(c.text, c.atomic); got != c.want {
			t.Errorf("%+v: %s, want %s", c.text, got, c.want)
		}
	}
}

// An atomic group takes what comes first and does not look for anything else. That this is enough shows where both are alike: Go has no such groups, so it is done step by step here.
func TestWhatComesFirstIsEnough(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	of := func(letters string, n int) string {
		var b strings.Builder
		for range draw.IntN(n) {
			b.WriteByte(letters[draw.IntN(len(letters))])
		}
		return b.String()
	}
	held := 0
	for range 20_000 {
		text, s := documents.Text{Op: documents.Matches, Value: of("ab*?", 9), IgnoreCase: draw.IntN(2) == 0}, of("abA", 12)
		want := text.Holds(s)
		if want {
			held++
		}
		if plain := regexp.MustCompile(pattern(text, false)).MatchString(s); plain != want {
			t.Fatalf("%q of %q: %v", text.Value, s, plain)
		}
		if atomic := firstOnly(pattern(text, true), s); atomic != want {
			t.Fatalf("%q of %q, with what comes first: %v", text.Value, s, atomic)
		}
	}
	if held < 1000 {
		t.Errorf("only %d of the texts matched", held)
	}
}

// firstOnly matches a pattern with atomic groups: each is found once, as early as it comes, from where the one before ended.
func firstOnly(pattern, s string) bool {
	for {
		before, rest, ok := strings.Cut(pattern, `(?>`)
		if !ok {
			return regexp.MustCompile(pattern).MatchString(s)
		}
		depth, end := 1, 0
		for ; depth > 0; end++ {
			depth += strings.Count(rest[end:end+1], "(") - strings.Count(rest[end:end+1], ")")
		}
		at := regexp.MustCompile(before + "(?:" + rest[:end]).FindStringIndex(s)
		if at == nil {
			return false
		}
		s, pattern = s[at[1]:], `\A`+rest[end:]
	}
}

// PCRE refuses patterns of over 32,764 bytes, and those that it would keep in over 65,535. It keeps a class in a table of 32 bytes and one byte, and has up to 13 more if letters beyond
// U+00FF are in it; an ASCII letter in 9.
func TestTheLongestTextIsAPatternThatPCRETakes(t *testing.T) {
	for _, letter := range []string{"a", "k", "s", "é", "µ", "å", "ω", "ß", "\U00010400"} {
		text := documents.Text{Op: documents.Equals, Value: strings.Repeat(letter, documents.MaxText/len(letter)), IgnoreCase: true}
		got := pattern(text, true)
		kept := 46*strings.Count(got, "[") + 9*strings.Count(got, "(?i:")
		if len(got) > 32_764 || kept > 65_535 || kept == 0 {
			t.Errorf("%s: a pattern of %d bytes, kept in %d", letter, len(got), kept)
		}
	}
}
