package machinetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/schema"
)

// rounds is how often a race is run on each engine.
const rounds = 1000

// shop is a model in which two may want the last of something, and customers are blocked while they order.
const shop = `
type Item @entity @crud { id: ID! stock: Int! }
type Buyer @entity { id: ID! status: BuyerStatus! @state }
type Sale @entity { id: ID! status: SaleStatus! @state item: Item! @ref buyer: Buyer! @ref(in: [ACTIVE]) }

enum BuyerStatus { ACTIVE BLOCKED }
enum SaleStatus { SOLD }

extend type Mutation {
  takeItem(id: ID!, n: Int!): Item! @transition(emits: "ItemTaken")
  register: Buyer! @transition(to: ACTIVE, emits: "BuyerRegistered")
  block(id: ID!): Buyer! @transition(from: [ACTIVE], to: BLOCKED, emits: "BuyerBlocked")
  buy(item: ID!, buyer: ID!): Sale! @transition(to: SOLD, emits: "Sold")
}
`

var shopRules = command.Rules{
	"takeItem": func(_ *command.Context, item, in schema.Record) (schema.Record, error) {
		left := item["stock"].(int) - in["n"].(int)
		if left < 0 {
			return nil, command.Reject("OUT_OF_STOCK", "there are not so many")
		}
		item["stock"] = left
		return item, nil
	},
	"buy": func(c *command.Context, sale, in schema.Record) (schema.Record, error) {
		_, err := c.Run("takeItem", in["item"].(string), schema.Record{"n": 1})
		return sale, err
	},
}

// process is one that takes commands.
type process struct {
	*testing.T
	*command.Engine
}

func newProcess(t *testing.T, l eventlog.Log) process {
	t.Helper()
	e, err := command.New(command.Config{Model: load(t, sdl(shop)), Log: l, Rules: shopRules, Attempts: 100})
	if err != nil {
		t.Fatal(err)
	}
	return process{t, e}
}

// do executes a command, and returns why it was rejected; "" if it was accepted. It is for any goroutine.
func (p process) do(name, id string, in schema.Record) string {
	r, err := p.Execute(context.Background(), command.Command{Name: name, ID: id, Input: in})
	switch {
	case err != nil:
		p.Errorf("%s %s: %v", name, id, err)
		return "failed"
	case r.Receipt != nil:
		return ""
	case r.Rejections[0].Reason != "":
		return r.Rejections[0].Reason
	}
	return string(r.Rejections[0].Code)
}

func (p process) must(name, id string, in schema.Record) {
	p.Helper()
	if why := p.do(name, id, in); why != "" {
		p.Fatalf("%s %s: %s", name, id, why)
	}
}

func (p process) stock(id string) int {
	p.Helper()
	ref := command.Ref{Entity: "Item", ID: id}
	s, err := p.Snapshots(p.Context(), []command.Ref{ref}, command.Known{})
	if err != nil || s[ref] == nil {
		p.Fatal(s, err)
	}
	return s[ref].Fields["stock"].(int)
}

// TestTheLastOneIsSoldOnce: two processes sell the last of an item at the same moment, in commands that run another within them.
func TestTheLastOneIsSoldOnce(t *testing.T) {
	onEach(t, 4, shop, func(t *testing.T, e engine, l eventlog.Log) {
		processes := []process{newProcess(t, l), newProcess(t, l)}
		processes[0].must("register", "ana", nil)
		for i := range rounds {
			item := fmt.Sprint("i", i)
			processes[0].must("createItem", item, schema.Record{"stock": 1})
			var wg sync.WaitGroup
			var why [2]string
			for n, p := range processes {
				wg.Go(func() {
					why[n] = p.do("buy", fmt.Sprintf("%s-%d", item, n), schema.Record{"item": item, "buyer": "ana"})
				})
			}
			wg.Wait()
			if why != [2]string{"", "OUT_OF_STOCK"} && why != [2]string{"OUT_OF_STOCK", ""} {
				t.Fatalf("round %d: one was to be sold, and the other refused: %q", i, why)
			}
			if left := processes[0].stock(item); left != 0 {
				t.Fatalf("round %d: %d are left", i, left)
			}
		}
	})
}

// span is when something was asked and when it was answered, by a clock that counts.
type span struct {
	from, to int64
	why      string // "" if it was accepted
}

// TestNoOrderOfABlockedCustomer: a customer is blocked while orders of theirs come in. The log has one partition, so what happened in which order is there to read.
func TestNoOrderOfABlockedCustomer(t *testing.T) {
	onEach(t, 1, shop, func(t *testing.T, e engine, l eventlog.Log) {
		sells, blocks := newProcess(t, l), newProcess(t, l)
		sells.must("createItem", "i", schema.Record{"stock": 1 << 30})
		before, after := 0, 0
		for i := range rounds {
			buyer := fmt.Sprint("b", i)
			sells.must("register", buyer, nil)
			var now atomic.Int64
			var block span
			var sales [3]span
			var wg sync.WaitGroup
			wg.Go(func() {
				block.from = now.Add(1)
				block.why = blocks.do("block", buyer, nil)
				block.to = now.Add(1)
			})
			wg.Go(func() {
				for n := range sales {
					s := &sales[n]
					s.from = now.Add(1)
					s.why = sells.do("buy", fmt.Sprintf("%s-%d", buyer, n), schema.Record{"item": "i", "buyer": buyer})
					s.to = now.Add(1)
				}
			})
			wg.Wait()
			if block.why != "" {
				t.Fatalf("round %d: it was not blocked: %s", i, block.why)
			}
			for n, s := range sales {
				switch {
				case s.why != "" && s.why != "BUYER_BLOCKED":
					t.Fatalf("round %d, order %d: %s", i, n, s.why)
				case s.from > block.to && s.why == "":
					t.Fatalf("round %d, order %d: it came after the block was acknowledged, and was accepted", i, n)
				case s.to < block.from && s.why != "":
					t.Fatalf("round %d, order %d: it was answered before the block came, with %s", i, n, s.why)
				case s.why == "":
					before++
				default:
					after++
				}
			}
		}
		t.Logf("%d orders before a block, %d after", before, after)
		checkBlocks(t, l, before)
	})
}

// checkBlocks reads the log: no order follows the block of its customer, and there are as many orders as were acknowledged.
func checkBlocks(t *testing.T, l eventlog.Log, acknowledged int) {
	t.Helper()
	blocked, sales, after, hash := map[string]bool{}, 0, uint64(0), ""
	for {
		page, err := l.Read(t.Context(), 0, after, hash, 1000, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			switch e.Name {
			case "BuyerBlocked":
				blocked[e.ID] = true
			case "Sold":
				input := decoded(e.Input).(map[string]any)
				if sales++; blocked[input["buyer"].(string)] {
					t.Fatalf("%s is an order of a customer who was blocked before", e.EventID())
				}
			}
		}
		last := page[len(page)-1]
		after, hash = last.Seq, last.Hash
	}
	if len(blocked) != rounds || sales != acknowledged {
		t.Errorf("%d customers are blocked, %d orders are there and %d were acknowledged", len(blocked), sales, acknowledged)
	}
}

// between is a log that does something before an append, once, and after it has been read for.
type between struct {
	eventlog.Log
	do func()
}

func (b *between) Append(ctx context.Context, a eventlog.Append) (*eventlog.Receipt, error) {
	if do := b.do; do != nil {
		b.do = nil
		do()
	}
	return b.Log.Append(ctx, a)
}

// TestWhatComesBetween interleaves the races' commands in the one way that matters: the other comes after one was decided and before it is appended.
func TestWhatComesBetween(t *testing.T) {
	onEach(t, 1, shop, func(t *testing.T, e engine, l eventlog.Log) {
		b := &between{Log: l}
		first, other := newProcess(t, b), newProcess(t, l)
		sale := func(item, buyer string) schema.Record { return schema.Record{"item": item, "buyer": buyer} }
		first.must("createItem", "i", schema.Record{"stock": 1})
		first.must("createItem", "many", schema.Record{"stock": 100})
		for _, buyer := range []string{"ana", "bo", "cy"} {
			first.must("register", buyer, nil)
		}
		b.do = func() { other.must("buy", "s1", sale("i", "ana")) }
		if why := first.do("buy", "s2", sale("i", "ana")); why != "OUT_OF_STOCK" || other.stock("i") != 0 {
			t.Errorf("the last one was sold by another meanwhile: %q, %d are left", why, other.stock("i"))
		}
		b.do = func() { other.must("block", "bo", nil) }
		if why := first.do("buy", "s3", sale("many", "bo")); why != "BUYER_BLOCKED" || other.stock("many") != 100 {
			t.Errorf("the customer was blocked meanwhile: %q, %d are left", why, other.stock("many"))
		}
		b.do = func() { other.must("buy", "s4", sale("many", "cy")) }
		first.must("block", "cy", nil)
		if why := other.do("buy", "s5", sale("many", "cy")); why != "BUYER_BLOCKED" || other.stock("many") != 99 {
			t.Errorf("%q, %d are left", why, other.stock("many"))
		}
	})
}
