package gen

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/daybook-cqrs/daybook/internal/testsrc"
	"github.com/daybook-cqrs/daybook/schema"
)

// root is this checkout: tests change the working folder.
var root = testsrc.Root()

func storeModel(t *testing.T) *schema.Model {
	t.Helper()
	m, err := schema.Load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func parse(t *testing.T, text string) *ast.Schema {
	t.Helper()
	s, err := gqlparser.LoadSchema(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestHalvesAreSubsets compares the contracts field by field: command.graphql and query.graphql say nothing that api.graphql does not.
func TestHalvesAreSubsets(t *testing.T) {
	m := storeModel(t)
	full := parse(t, api(m, half{write: true, read: true}))
	for name, h := range map[string]half{"command": {write: true}, "query": {read: true}} {
		part := parse(t, api(m, h))
		if len(part.Types) >= len(full.Types) {
			t.Errorf("%s is not smaller", name)
		}
		for typeName, d := range part.Types {
			whole := full.Types[typeName]
			if whole == nil || whole.Kind != d.Kind {
				t.Errorf("%s has the type %s", name, typeName)
				continue
			}
			for _, f := range d.Fields {
				g := whole.Fields.ForName(f.Name)
				if g == nil || g.Type.String() != f.Type.String() || len(g.Arguments) != len(f.Arguments) {
					t.Errorf("%s: %s.%s is not what it is in api", name, typeName, f.Name)
				}
			}
			if len(d.EnumValues) != len(whole.EnumValues) {
				t.Errorf("%s: the enum %s differs", name, typeName)
			}
		}
	}
	if c := parse(t, api(m, half{write: true})); c.Types["Customer"].Fields.ForName("orders") != nil || c.Types["Order"].Fields.ForName("customer") == nil {
		t.Error("the write half shows refs and no lists")
	}
}

func TestEveryFieldHasARightfulPlace(t *testing.T) {
	text := api(storeModel(t), half{write: true, read: true})
	for _, want := range []string{
		"createOrder(id: ID, customer: ID!, lines: [OrderLineInput!]!, note: String, command: CommandOptions): OrderPayload!",
		"approveOrder(id: ID!, payments: [PaymentInput!], command: CommandOptions): OrderPayload!",
		"orders(where: OrderFilter, orderBy: [OrderSort!], first: Int, after: String, last: Int, before: String, atLeast: Position, asOf: DateTime): OrderConnection!",
		"ordersChanged(where: OrderFilter, snapshot: Boolean, token: String, atLeast: Position): OrderChange!",
		"  customer: Customer\n  customerId: ID!\n  customerName: String\n", "  customerId: IDFilter\n", "  CUSTOMER_NAME\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the API lacks %q", want)
		}
	}
}

// module makes a module of one entity and one rule that uses this very checkout.
func module(t *testing.T, sdl, rules string) string {
	t.Helper()
	testsrc.Look(t)
	dir := t.TempDir()
	mod, err := os.ReadFile(filepath.Join(root, "examples/minimal/go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(root, "examples/minimal/go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod": strings.Replace(string(mod), "=> ../..", "=> "+root, 1), "go.sum": string(sum),
		"schema/thing.graphql": sdl, "rules/thing.go": rules,
	} {
		if err := write(filepath.Join(dir, name), text); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	thing = `type Thing @entity { id: ID! status: ThingStatus! @state label: String! when: DateTime parts: [Part!] tags: [String] }
type Part { name: String! size: Float other: Thing @ref }
enum ThingStatus { NEW OLD }
extend type Mutation {
  createThing(label: String!, parts: [PartInput!]): Thing! @transition(to: NEW)
  ageThing(id: ID!): Thing! @transition(from: [NEW], to: OLD, emits: "ThingAged")
}`
	ageRule = `package rules

import (
	"example.org/minimal/entity"
	"github.com/daybook-cqrs/daybook/command"
)

func AgeThing(c *command.Context, thing *entity.Thing, in entity.AgeThing) error {
	now := c.Now()
	thing.When = &now
	return nil
}
`
)

func run(t *testing.T, dir string, command ...string) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestANewModelCompiles generates a module from nothing, and again: the second time changes nothing.
func TestANewModelCompiles(t *testing.T) {
	dir := module(t, thing, ageRule)
	generate := func() string {
		run(t, dir, "go", "run", "github.com/daybook-cqrs/daybook/cmd/generate")
		var all strings.Builder
		for _, pattern := range []string{"graph/*", "entity/*", "rules/*", "schema/*"} {
			files, _ := filepath.Glob(filepath.Join(dir, pattern))
			for _, f := range files {
				text, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				all.WriteString(f + "\n" + string(text))
			}
		}
		return all.String()
	}
	first := generate()
	run(t, dir, "go", "vet", "./...")
	if generate() != first {
		t.Error("generating again changed something")
	}
}
