package resolve

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseValue(t *testing.T) {
	paid := map[string]any{"status": map[string]any{"in": []any{"PAID", "SENT"}}, "total": map[string]any{"gt": json.Number("12345678901234567890.5")}, "note": nil}
	for _, text := range []string{
		`{status: {in: [PAID, SENT]}, total: {gt: 12345678901234567890.5}, note: null}`,
		`{"status": {"in": ["PAID", "SENT"]}, "total": {"gt": 12345678901234567890.5}, "note": null}`,
		"{status: {in: [\"PAID\" SENT]} total: {gt: 12345678901234567890.5} note: null} # a comment",
	} {
		if got, err := ParseValue(text); err != nil || cmp.Diff(paid, got) != "" {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "{", "status: {eq: PAID}", "{status: {eq: $x}}", "{a: 1}) { y } z(x: {b: 2}", "{a: 1}, y: {b: 1}", "{a: 1}) @skip(if: true", "{a: 1}) } { y(x: 1", "{} {}", "{a: 1} } fragment F on X { a }",
	} {
		if got, err := ParseValue(text); err == nil {
			t.Errorf("%s is %v", text, got)
		}
	}
}
