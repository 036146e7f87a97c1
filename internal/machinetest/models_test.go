package machinetest

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/internal/testmodel"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// computed are rules that set fields, whatever the input: all that a walk's oracle knows of rules. They are by command.
type computed map[string]func(fields schema.Record)

// rules returns them as the engine takes them.
func (c computed) rules() command.Rules {
	out := command.Rules{}
	for name, set := range c {
		out[name] = func(_ *command.Context, fields, _ schema.Record) (schema.Record, error) {
			set(fields)
			return fields, nil
		}
	}
	return out
}

// walked is a model to walk through.
type walked struct {
	name  string
	model fs.FS
	rules computed
}

var models = []walked{
	{"store", os.DirFS("../.."), computed{
		"createOrder":  func(fields schema.Record) { fields["total"] = scalar.NewDecimal(int64(len(list(fields["lines"])))) },
		"reserveStock": func(fields schema.Record) { fields["lines"] = []any{} },
	}},
	{"machine", sdl(machine), nil},
	{"zoo", sdl(zoo), nil},
	{"chain", sdl(chain), chained},
}

var chained = computed{"growLeaf": func(fields schema.Record) { fields["size"], fields["grown"] = 1, nil }}

func sdl(text string) fs.FS { return fstest.MapFS{"model.graphql": {Data: []byte(text)}} }

func load(t testing.TB, fsys fs.FS) *schema.Model {
	t.Helper()
	m, err := schema.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func list(v any) []any { l, _ := v.([]any); return l }

// machine is the model of command's own tests, without the command that has nothing but a rule.
var machine = strings.Replace(testmodel.Machine, "  takeSeats(id: ID!, n: Int!): Hall! @transition(emits: \"SeatsTaken\")\n", "", 1)

// zoo has values of every type, objects in objects, refs to one's own kind, and unique values of every sort.
const zoo = `
type Animal @entity
  @timeout(in: HUNGRY, after: "1h", run: "feed")
  @timeout(in: HUNGRY, after: "2h30m", run: "release")
  @timeout(in: FED, after: "1d", run: "starve") {
  id: ID!
  mood: Mood! @state
  name: String! @unique(with: ["kind", "cage"], ignoreCase: true)
  kind: Kind!
  cage: Cage @ref
  parent: Animal @ref(in: [FED])
  tag: UUID @unique
  weight: Decimal @unique(with: ["long"])
  long: Long
  born: DateTime
  day: Date
  ratio: Float
  tame: Boolean
  any: JSON
  words: [String]
  meals: [Meal!]
  looks: Looks
}

type Meal { meal: ID! @key food: String! eaten: Boolean cage: Cage @ref extras: [Extra!] }
type Extra { grams: Int! from: Animal @ref(in: [HUNGRY, FED]) }
type Looks { colour: Kind parts: [Extra] }

type Cage @entity @crud { id: ID! number: Int @unique label: String other: Cage @ref }

enum Mood { HUNGRY FED FREE }
enum Kind { BEAR APE }

extend type Mutation {
  admit(name: String!, kind: Kind!, cage: ID, parent: ID, tag: UUID, weight: Decimal, long: Long, born: DateTime, day: Date, ratio: Float, tame: Boolean, any: JSON,
    words: [String], meals: [MealInput!], looks: LooksInput): Animal! @transition(to: HUNGRY, emits: "Admitted")
  breed(name: String!, kind: Kind!, parent: ID!): Animal! @transition(to: FED, emits: "Bred")
  feed(id: ID!, meal: MealInput @append(to: "meals"), gone: [ID!] @remove(from: "meals")): Animal! @transition(from: [HUNGRY], to: FED, emits: "AnimalFed")
  snack(id: ID!, meal: [MealPatch!]! @update(in: "meals"), tame: Boolean): Animal! @transition(from: [HUNGRY, FED], emits: "Snacked")
  serve(id: ID!, meals: [MealInput!]): Animal! @transition(from: [HUNGRY, FED], emits: "Served")
  starve(id: ID!): Animal! @transition(from: [HUNGRY, FED], to: HUNGRY, emits: "Starved")
  move(id: ID!, cage: ID, parent: ID): Animal! @transition(from: [HUNGRY, FED], emits: "Moved")
  rename(id: ID!, name: String, kind: Kind): Animal! @transition(from: [HUNGRY, FED, FREE], emits: "Renamed")
  dress(id: ID!, looks: LooksInput, words: [String], any: JSON, weight: Decimal, long: Long, tag: UUID): Animal! @transition(from: [HUNGRY, FED], emits: "Dressed")
  release(id: ID!): Animal! @transition(from: [HUNGRY, FED], to: FREE, emits: "Released")
  bury(id: ID!): Animal! @transition(from: [FREE], deletes: true, emits: "Buried")
}
`

// chain has owners of owners, and CRUD with an owner, computed fields and lists.
const chain = `
type Tree @entity @crud { id: ID! name: String @unique }
type Branch @entity(with: "tree") @crud { id: ID! tree: Tree! @ref length: Int leaves: [Mark!]! note: String }
type Mark { mark: String! @key at: Int! }
type Leaf @entity(with: "branch") @crud(computed: ["size"]) { id: ID! branch: Branch! @ref size: Int grown: Boolean place: Int! @unique(with: ["branch"]) }

extend type Mutation {
  growLeaf(id: ID!, by: Int!): Leaf! @transition(emits: "LeafGrown")
  markBranch(id: ID!, mark: MarkInput! @append(to: "leaves")): Branch! @transition(emits: "BranchMarked")
  changeMark(id: ID!, mark: MarkPatch! @update(in: "leaves")): Branch! @transition(emits: "MarkChanged")
}
`
