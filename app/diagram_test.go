package app

import (
	"os"
	"strings"
	"testing"
)

func TestDiagram(t *testing.T) {
	def := Definition{Schema: os.DirFS("..")}
	for _, c := range []struct {
		args   []string
		code   int
		stdout []string
		stderr string
	}{
		{[]string{"Order"}, 0, []string{"stateDiagram-v2\n    [*] --> CREATED: createOrder\n"}, ""},
		{[]string{"Product", "Order"}, 0, []string{"%% Product\nstateDiagram-v2\n", "\n\n%% Order\nstateDiagram-v2\n"}, ""},
		{nil, 0, []string{"%% Customer\nstateDiagram-v2\n", "%% Product\nstateDiagram-v2\n", "%% Order\nstateDiagram-v2\n"}, ""},
		{[]string{"Orders"}, 2, nil, `daybook: diagram: the model has no entity "Orders": name one of Customer, Order, Product, Reservation` + "\n"},
		{[]string{"--help"}, 2, nil, `no entity "--help"`},
	} {
		var stdout, stderr strings.Builder
		code := Do(t.Context(), def, append([]string{"diagram"}, c.args...), []string{"DAYBOOK_NONSENSE=1"}, &stdout, &stderr)
		if code != c.code || !strings.Contains(stderr.String(), c.stderr) || strings.Count(stderr.String(), "\n") != min(code, 1) || (code == 0) != (stdout.Len() > 0) {
			t.Errorf("%v: %d\n%s\n%s", c.args, code, stdout.String(), stderr.String())
		}
		for _, want := range c.stdout {
			if !strings.Contains(stdout.String(), want) {
				t.Errorf("%v printed no %q:\n%s", c.args, want, stdout.String())
			}
		}
	}
}
