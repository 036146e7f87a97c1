package gen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a model with all that one command, or what follows it, does to others.
const machine = `
type Product @entity @crud(computed: "stock") { id: ID! sku: String! @unique(ignoreCase: true, with: "maker") maker: String! stock: Int }

"A purchase."
type Order @entity
  @timeout(in: OPEN, after: "30m", run: "cancelOrder")
  @reaction(on: "OrderPlaced", run: "reserveStock", with: {id: "lines[].product", quantity: "lines[].quantity"}, orElse: "cancelOrder") {
  id: ID!
  status: OrderStatus! @state
  customer: String!
  lines: [OrderLine!]!
  labels: [Label!]
}
"One product of an order."
type OrderLine { line: ID! @key product: Product! @ref quantity: Int! size: Size sizes: [Size!] colour: Colour at: DateTime }
type Label { name: String! @key text: String! }
type Size { width: Decimal! }
type Shipment @entity(with: "order") { id: ID! order: Order! @ref(in: [OPEN, PLACED]) status: ShipmentStatus! @state }
enum OrderStatus { OPEN PLACED CANCELED }
enum ShipmentStatus { SENT LOST }
enum Colour { RED BLUE }

extend type Mutation {
  openOrder(customer: String!, lines: [OrderLineInput!]!): Order! @transition(to: OPEN, emits: "OrderOpened")
  addLine(id: ID!, line: OrderLineInput! @append(to: "lines"), label: LabelInput @append(to: "labels")): Order! @transition(from: [OPEN], emits: "LineAdded")
  addLines(id: ID!, more: [OrderLineInput!]! @append(to: "lines"), why: String): Order! @transition(from: [OPEN], emits: "LinesAdded")
  changeLine(id: ID!, line: OrderLinePatch! @update(in: "lines")): Order! @transition(from: [OPEN], to: OPEN, emits: "LineChanged")
  changeLines(id: ID!, changed: [OrderLinePatch!] @update(in: "lines"), customer: String): Order! @transition(from: [OPEN], emits: "LinesChanged")
  removeLine(id: ID!, line: ID! @remove(from: "lines"), names: [String!] @remove(from: "labels")): Order! @transition(from: [OPEN], emits: "LineRemoved")
  placeOrder(id: ID!): Order! @transition(from: [OPEN], to: PLACED, emits: "OrderPlaced")
  cancelOrder(id: ID!): Order! @transition(from: [OPEN, PLACED], to: CANCELED, emits: "OrderCanceled")
  reserveStock(id: ID!, quantity: Int!): Product! @transition(emits: "StockReserved")
  releaseStock(id: ID!, quantity: Int!, colour: Colour, tags: [String], sizes: [SizeInput!]): Product! @transition(emits: "StockReleased")
  countStock(id: ID!): Product! @transition(emits: "StockCounted")
  renameSku(id: ID!, sku: String!): Product! @transition(emits: "SkuRenamed")
  sendShipment(order: ID!): Shipment! @transition(to: SENT, emits: "Sent")
  loseShipment(id: ID!): Shipment! @transition(from: [SENT], to: LOST, emits: "Lost")
}`

const machineRules = `package rules

import (
	"example.org/minimal/entity"
	"github.com/daybook-cqrs/daybook/command"
)

// PlaceOrder takes from the stock and sends, in one append.
func PlaceOrder(c *command.Context, order *entity.Order, in entity.PlaceOrder) error {
	for i, l := range order.Lines {
		p, err := entity.FindProduct(c, l.Product)
		if err != nil || p == nil {
			return err
		}
		if p, err = (entity.ReserveStock{Quantity: l.Quantity}).RunOn(c, p.ID); err != nil {
			return err
		}
		order.Lines[i].Quantity = min(l.Quantity, *p.Stock)
	}
	order.Lines = append(order.Lines, entity.OrderLine{Product: order.Lines[0].Product, Quantity: 1})
	shipment, err := entity.SendShipment{Order: order.ID}.RunOn(c, order.ID+"/1")
	if err != nil {
		return err
	}
	_, err = entity.LoseShipment{}.RunOn(c, shipment.ID)
	return err
}

// CancelOrder is asked what is not there, and what is and then is not.
func CancelOrder(c *command.Context, order *entity.Order, in entity.CancelOrder) error {
	if p, err := entity.FindProduct(c, "none"); err != nil || p != nil {
		return command.Reject("FOUND", "there is none")
	}
	if p, err := (entity.DeleteProduct{}).RunOn(c, "old"); err != nil || p != nil {
		return command.Reject("THERE", "it is gone")
	}
	p, err := entity.FindProduct(c, "old")
	if p != nil {
		return command.Reject("FOUND", "it is gone")
	}
	return err
}

func ChangeLine(c *command.Context, order *entity.Order, in entity.ChangeLine) error {
	if in.Line.Quantity != nil && *in.Line.Quantity < 1 {
		return command.Reject("BAD_QUANTITY", "a line has a quantity of at least 1").At("line.quantity")
	}
	return nil
}

func AddLine(c *command.Context, order *entity.Order, in entity.AddLine) error {
	order.Customer += in.Line.Product
	return nil
}

func AddLines(c *command.Context, order *entity.Order, in entity.AddLines) error { return nil }

func ReserveStock(c *command.Context, product *entity.Product, in entity.ReserveStock) error {
	left := *product.Stock - in.Quantity
	product.Stock = &left
	return nil
}

func ReleaseStock(c *command.Context, product *entity.Product, in entity.ReleaseStock) error { return nil }

func CountStock(c *command.Context, product *entity.Product, in entity.CountStock) error {
	ten := 10
	product.Stock = &ten
	return nil
}

// OnOrderCanceled gives back what was taken.
func OnOrderCanceled(r *command.Reaction, order *entity.Order) error {
	for _, l := range order.Lines {
		entity.ReleaseStock{Quantity: l.Quantity, Colour: l.Colour, Sizes: l.Sizes}.SendTo(r, l.Product)
	}
	entity.CancelOrder{}.SendTo(r, order.ID)
	return nil
}

func OnSent(r *command.Reaction, s *entity.Shipment) error { return nil }
`

const machineTest = `package rules

import (
	"os"
	"reflect"
	"testing"

	"example.org/minimal/entity"
	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/memory"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %#v, want %#v", what, got, want)
	}
}

func TestRecords(t *testing.T) {
	line := schema.Record{"line": "l1", "product": "p", "quantity": 2, "colour": "RED"}
	two, red := 2, entity.ColourRed

	same(t, "a key that is there", entity.OrderLineOf(line).Record(), line)
	same(t, "a new element", entity.OrderLine{Product: "p"}.Record(), schema.Record{"product": "p", "quantity": 0})
	same(t, "a key that is a String", entity.Label{Text: "x"}.Record(), schema.Record{"text": "x"})

	patch := schema.Record{"line": "l1", "quantity": 2, "colour": "RED", "product": "p"}
	product := "p"
	same(t, "a patch", entity.OrderLinePatchOf(patch), entity.OrderLinePatch{Line: "l1", Product: &product, Quantity: &two, Colour: &red})
	same(t, "a patch's record", entity.OrderLinePatchOf(patch).Record(), patch)
	same(t, "nulls of a patch", entity.OrderLinePatchOf(schema.Record{"line": "l1", "quantity": nil}).Record(), schema.Record{"line": "l1"})
	width := scalar.NewDecimal(2)
	same(t, "inside a patch", entity.OrderLinePatch{Line: "l1", Size: &entity.Size{Width: width}, Sizes: []entity.Size{}}.Record(),
		schema.Record{"line": "l1", "size": schema.Record{"width": width}, "sizes": []any{}})

	input := schema.Record{"changed": []any{patch}}
	same(t, "patches in an input", entity.ChangeLinesOf(input).Record(), input)
	same(t, "an element", entity.AddLineOf(schema.Record{"line": line, "label": nil}).Record(), schema.Record{"line": line})
	same(t, "an element without a key", entity.AddLine{Line: entity.OrderLine{Product: "p"}}.Record(), schema.Record{"line": schema.Record{"product": "p", "quantity": 0}})
	same(t, "nothing given", entity.ChangeLines{}.Record(), schema.Record{})
	same(t, "a key", entity.RemoveLine{Line: "l1", Names: []string{"a"}}.Record(), schema.Record{"line": "l1", "names": []any{"a"}})
	same(t, "no arguments", entity.PlaceOrder{}.Record(), schema.Record{})
}

func TestRuns(t *testing.T) {
	m, err := schema.Load(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	log, err := memory.Open(memory.Options{Partitions: 4, Placement: m.Roots()})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	engine, err := command.New(command.Config{Model: m, Log: log, Rules: Table()})
	if err != nil {
		t.Fatal(err)
	}
	do := func(name, id string, in interface{ Record() schema.Record }) *command.Result {
		t.Helper()
		r, err := engine.Execute(t.Context(), command.Command{Name: name, ID: id, Input: in.Record()})
		if err != nil || r.Receipt == nil {
			t.Fatalf("%s %s: %v, %+v", name, id, err, r)
		}
		return r
	}
	do("createProduct", "p", entity.CreateProduct{Sku: "a", Maker: "m"})
	do("createProduct", "old", entity.CreateProduct{Sku: "b", Maker: "m"})
	do("countStock", "p", entity.CountStock{})
	do("openOrder", "o", entity.OpenOrder{Customer: "c", Lines: []entity.OrderLine{{Product: "p", Quantity: 3}}})
	four := 4
	do("changeLine", "o", entity.ChangeLine{Line: entity.OrderLinePatch{Line: "1-1", Quantity: &four}})
	placed := do("placeOrder", "o", entity.PlaceOrder{})
	same(t, "lines", entity.OrderOf(placed.Entity.Fields).Lines, []entity.OrderLine{{Line: "1-1", Product: "p", Quantity: 4}, {Line: "3-1", Product: "p", Quantity: 1}})
	var events []string
	for _, e := range placed.Receipt.Events {
		events = append(events, e.Ref.Entity+" "+e.Name)
	}
	same(t, "events", events, []string{"Order OrderPlaced", "Product StockReserved", "Shipment Sent", "Shipment Lost"})
	same(t, "stock", do("renameSku", "p", entity.RenameSku{Sku: "c"}).Entity.Fields["stock"], 6)
	same(t, "events of a cancel", len(do("cancelOrder", "o", entity.CancelOrder{}).Receipt.Events), 2)
}

func TestReactions(t *testing.T) {
	all := Reactions()
	if len(all) != 2 || all[1].Name != "OnSent" || all[1].Entity != "Shipment" || all[1].Event != "Sent" {
		t.Fatal(all)
	}
	on := all[0]
	same(t, "the first", []string{on.Name, on.Entity, on.Event}, []string{"OnOrderCanceled", "Order", "OrderCanceled"})
	r := command.NewReaction(&eventlog.Event{})
	err := on.React(r, schema.Record{"id": "o1", "lines": []any{schema.Record{"line": "l1", "product": "p", "quantity": 2, "colour": "RED"}}})
	same(t, "sent", r.Sent(), []command.Command{
		{Name: "releaseStock", ID: "p", Input: schema.Record{"quantity": 2, "colour": "RED"}}, {Name: "cancelOrder", ID: "o1", Input: schema.Record{}},
	})
	if err != nil || all[1].React(r, schema.Record{"id": "o1/1"}) != nil {
		t.Error(err)
	}
}

func TestTable(t *testing.T) {
	record := schema.Record{"id": "o", "status": "OPEN", "customer": "", "lines": []any{schema.Record{"line": "l", "product": "p", "quantity": 1}}}
	after, err := Table()["changeLine"](nil, record, schema.Record{"line": schema.Record{"line": "l", "quantity": nil}})
	same(t, "after", after, record)
	if err != nil {
		t.Error(err)
	}
	after, err = Table()["addLine"](nil, record, schema.Record{"line": schema.Record{"product": "p", "quantity": 1}, "label": nil})
	if err != nil || after["customer"] != "p" {
		t.Error(after, err)
	}
	_, err = Table()["addLines"](nil, record, schema.Record{"more": []any{schema.Record{"product": "p", "quantity": 1}}, "why": nil})
	if err != nil {
		t.Error(err)
	}
}
`

// TestAMachineCompiles generates a model with all that rules and reactions do to other entities, and runs the code.
func TestAMachineCompiles(t *testing.T) {
	dir, notes, err := generate(t, machine, machineRules, "rules/machine_test.go", machineTest)
	if err != nil || notes != "" {
		t.Fatal(err, notes)
	}
	run(t, dir, "go", "vet", "./entity", "./rules")
	run(t, dir, "go", "test", "./rules")
	text, err := os.ReadFile(filepath.Join(dir, "entity/thing_gen.go"))
	for want, there := range map[string]bool{
		"type OrderLinePatch struct": true, "type OrderLineInput struct": false, "type LabelPatch": false, "type SizePatch": false, "\tLine OrderLinePatch\n": true,
		"\tChanged  []OrderLinePatch\n": true, "An empty key is left out": true,
		"func (v DeleteProduct) RunOn(c *command.Context, id string) (*Product, error) {\n\tr, err := c.Run(\"deleteProduct\", id, v.Record())\n\tif err != nil || r == nil {": true,
		"// RunOn executes sendShipment within the rule's own command, for a new shipment; id may be \"\".":                                                                    true,
		"// SendTo has loseShipment executed after the reaction, on the shipment of that id.":                                                                                  true,
	} {
		if err != nil || strings.Contains(string(text), want) != there {
			t.Errorf("%q, %v", want, err)
		}
	}
}

// TestReactionsWithoutRules: the table's imports are those of what there is.
func TestReactionsWithoutRules(t *testing.T) {
	const only = "package rules\n\nimport (\n\t\"example.org/minimal/entity\"\n\t\"github.com/daybook-cqrs/daybook/command\"\n)\n\nfunc OnThingAged(r *command.Reaction, thing *entity.Thing) error { return nil }\n"
	for name, rules := range map[string]string{"a reaction": only, "nothing": "package rules\n"} {
		dir, notes, err := generate(t, thing, rules)
		if err != nil || notes != "" {
			t.Fatal(name, err, notes)
		}
		text, err := os.ReadFile(filepath.Join(dir, "rules/table_gen.go"))
		if err != nil || strings.Contains(string(text), "Reactions() command.Reactions {\n\treturn nil\n}") != (name == "nothing") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}
