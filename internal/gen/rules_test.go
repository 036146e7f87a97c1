package gen

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/schema"
)

// rulesOf reads rules of the store's model, one file with the given code after its package clause, which ends on line 1.
func rulesOf(t *testing.T, file, code string) (found []role, notes []string, err error) {
	t.Helper()
	return rulesIn(t, storeModel(t), file, code)
}

func rulesIn(t *testing.T, m *schema.Model, file, code string) (found []role, notes []string, err error) {
	t.Helper()
	dir := t.TempDir()
	if !strings.Contains(code, "package ") {
		code = "package rules\n" + code
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	return readRules(dir, "example.org/x", m)
}

const (
	imports   = "import (\"example.org/x/entity\"; \"github.com/daybook-cqrs/daybook/command\")\n"
	aliased   = "import (e \"example.org/x/entity\"; cmd \"github.com/daybook-cqrs/daybook/command\")\n"
	dotted    = "import (. \"example.org/x/entity\"; . \"github.com/daybook-cqrs/daybook/command\")\n"
	exactRule = "(c *command.Context, o *entity.Order, in entity.ApproveOrder) error { return nil }"
)

func TestWrongRulesAreErrors(t *testing.T) {
	for name, c := range map[string]struct{ file, code, want string }{
		"a typo":          {"r.go", "func AproveOrder" + exactRule, "r.go:2:1: AproveOrder looks like a rule, but the model has no such command"},
		"another case":    {"r.go", "func ApproveORDER" + exactRule, "(ApproveOrder)"},
		"context last":    {"r.go", "func AproveOrder(o *entity.Order, c *command.Context) error { return nil }", "r.go:2:1: AproveOrder looks like a rule"},
		"wrong entity":    {"r.go", "func ApproveOrder(c *command.Context, o *entity.Customer, in entity.ApproveOrder) error { return nil }", "*entity.Order"},
		"no error":        {"r.go", "func ApproveOrder(c *command.Context, o *entity.Order, in entity.ApproveOrder) {}", "error"},
		"input forgotten": {"r.go", "func ApproveOrder(c *command.Context, o *entity.Order) error { return nil }", "entity.ApproveOrder"},
		"no context":      {"r.go", "func ApproveOrder(o *entity.Order) error { return nil }", "write func ApproveOrder(c *command.Context"},
		"no Go":           {"r.go", "func {", "rules/r.go:2"},
		"alias typo":      {"r.go", aliased + "func AproveOrder(c *cmd.Context, o *e.Order, in e.ApproveOrder) error { return nil }", "r.go:3:1: AproveOrder looks like"},
		"dot typo":        {"r.go", dotted + "func AproveOrder(c *Context, o *Order, in ApproveOrder) error { return nil }", "r.go:3:1: AproveOrder looks like"},
		"local alias":     {"r.go", imports + "type C = *(command.Context)\nfunc AproveOrder(c C) error { return nil }", "r.go:4:1: AproveOrder looks like"},
		"parentheses":     {"r.go", imports + "func AproveOrder(c *(command.Context)) error { return nil }", "AproveOrder looks like"},
		"another command": {"r.go", "import command \"example.org/other/command\"\nfunc ApproveOrder" + exactRule, "is not as it should be"},
		"a variable":      {"r.go", "var X, ApproveOrder = 1, func" + exactRule, "r.go:2:8: ApproveOrder is named as a command, and no function"},
		"in lower case":   {"r.go", imports + "func approveOrder" + exactRule, "r.go:3:1: the rule approveOrder is not exported: write func ApproveOrder("},
		"a method":        {"r.go", imports + "type R struct{}\nfunc (R) Approveorder" + exactRule, "r.go:4:1: the rule Approveorder is a method"},
		"generic":         {"r.go", imports + "func ApproveOrder[T any]" + exactRule, "r.go:3:1: the rule ApproveOrder has type parameters"},
		"another package": {"r.go", "package ruler\n" + imports + "func ApproveOrder" + exactRule, "rules/r.go:1:9: the package ruler is in the folder rules"},
		"a test":          {"r_test.go", imports + "func ApproveOrder" + exactRule, "r_test.go:3:1: the rule ApproveOrder is in a test"},
		"a reaction":      {"r.go", imports + "func ApproveOrder(r *command.Reaction, o *entity.Order) error { return nil }", "the rule ApproveOrder is not as it should be"},
		"the table":       {"r.go", "func Table() int { return 1 }", "r.go:2:1: Table is a function of table_gen.go: choose another name"},
		"twice":           {"r.go", imports + "func ApproveOrder" + exactRule + "\nfunc ApproveOrder" + exactRule, "r.go:4:1: the rule ApproveOrder is there twice, first at rules/r.go:3:1"},
	} {
		if _, _, err := rulesOf(t, c.file, c.code); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRulesAreFoundHoweverTheyAreWritten(t *testing.T) {
	for name, c := range map[string]struct{ file, code string }{
		"plain":        {"r.go", imports + "func ApproveOrder" + exactRule},
		"aliases":      {"r.go", aliased + "func ApproveOrder(c *cmd.Context, o *e.Order, in e.ApproveOrder) error { return nil }"},
		"dots":         {"r.go", dotted + "func ApproveOrder(c *Context, o *Order, in ApproveOrder) error { return nil }"},
		"local alias":  {"r.go", imports + "type C = command.Context\nfunc ApproveOrder(c *C, o *entity.Order, in (entity.ApproveOrder)) error { return nil }"},
		"generated":    {"r_gen.go", imports + "func ApproveOrder" + exactRule},
		"this system":  {"r_" + runtime.GOOS + ".go", imports + "func ApproveOrder" + exactRule},
		"a constraint": {"r.go", "//go:build " + runtime.GOARCH + "\n\npackage rules\n" + imports + "func ApproveOrder" + exactRule},
	} {
		if rules, notes, err := rulesOf(t, c.file, c.code); err != nil || len(rules) != 1 || len(notes) > 0 {
			t.Errorf("%s: %v, %v, %v", name, rules, notes, err)
		}
	}
	for name, c := range map[string]struct{ file, code string }{
		"helpers":            {"r.go", "func Helper(x int) int { return x }\nfunc approve(c *command.Context) {}\nfunc approveOrder(x int) {}\nvar Limit = 3"},
		"the table":          {"table_gen.go", "package rubbish"},
		"tests of a package": {"r_test.go", "package rules_test\n" + imports + "func ApproveOrder" + exactRule},
		"a test's helper":    {"r_test.go", "func Approve(c *command.Context) {}"},
		"a script":           {"r.go", "//go:build ignore\n\npackage main\n\nfunc main() {}"},
	} {
		if rules, notes, err := rulesOf(t, c.file, c.code); err != nil || len(rules)+len(notes) > 0 {
			t.Errorf("%s: %v, %v, %v", name, rules, notes, err)
		}
	}
}

// TestRulesThatAreNotBuiltAreSaid: the table is for the system that generates, and does not name what that leaves out.
func TestRulesThatAreNotBuiltAreSaid(t *testing.T) {
	for name, c := range map[string]struct{ file, code string }{
		"another system": {"r_plan9.go", imports + "func ApproveOrder" + exactRule},
		"a constraint":   {"r.go", "//go:build ignore\n\npackage rules\n" + imports + "func ApproveOrder" + exactRule},
	} {
		rules, notes, err := rulesOf(t, c.file, c.code)
		if err != nil || len(rules) > 0 || len(notes) != 1 || !strings.Contains(notes[0], "rules/"+c.file+":") || !strings.Contains(notes[0], "ApproveOrder is no rule here") {
			t.Errorf("%s: %v, %q, %v", name, rules, notes, err)
		}
	}
}
