package rules_test

import (
	"os"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/daybooktest"
	"github.com/daybook-cqrs/daybook/rules"
)

// model is the store's.
var model = daybooktest.MustLoad(os.DirFS(".."))

// These are short for what every case is written with.
type (
	event   = daybooktest.Event
	command = daybooktest.Command
	values  = map[string]any
)

func newKit(t daybooktest.TB) *daybooktest.Kit { return daybooktest.New(t, model, rules.Table()) }

var ana = event{Name: "CustomerRegistered", ID: "ana", Set: values{"name": "Ana", "email": "ana@example.org", "city": "Recife", "region": "PE"}}

// line is one of an order as it is given: 2 for 10.50 each, and 1.25 freight, unless it says otherwise.
func line(change values) values {
	out := values{"product": "bear", "seller": "s", "price": "10.50", "freight": "1.25", "quantity": 2}
	for name, v := range change {
		out[name] = v
	}
	return out
}

// bear is a product of which there are so many.
func bear(stock int) event {
	return event{Name: "ProductCreated", ID: "bear", Set: values{"category": "toys", "stock": stock}}
}

// ordered is an order of two bears.
var ordered = event{Name: "OrderCreated", ID: "o", Set: values{"customer": "ana", "lines": []any{line(values{"line": "1-1"})}, "total": "22.25"}}

// order is a kit with an order to which events have happened.
func order(t daybooktest.TB, events ...event) *daybooktest.Kit {
	return newKit(t).Given(ana, bear(10), ordered).Given(events...)
}

func happened(names ...string) (out []event) {
	for _, name := range names {
		out = append(out, event{Name: name, ID: "o"})
	}
	return out
}

func TestCreateOrder(t *testing.T) {
	create := func(lines ...any) command {
		return command{Name: "createOrder", ID: "o", Input: values{"customer": "ana", "lines": lines}}
	}
	newKit(t).Given(ana, bear(10)).
		When(create(line(nil), line(values{"line": "second", "freight": 0, "quantity": 1}))).
		Then(event{Name: "OrderCreated", ID: "o", To: "CREATED", Set: values{
			"customer": "ana", "region": "PE", "total": "32.75", "placedAt": daybooktest.Start,
			"lines": []any{line(values{"line": "1-1"}), line(values{"line": "second", "freight": 0, "quantity": 1})},
		}}).
		ThenTimer("CREATED/expireOrder", 30*time.Minute)

	for reason, wrong := range map[string]struct {
		line values
		at   string
	}{
		"BAD_SELLER":          {values{"seller": ""}, "lines[1].seller"},
		"BAD_QUANTITY":        {values{"quantity": 0}, "lines[1].quantity"},
		"NEGATIVE_PRICE":      {values{"price": "-0.01"}, "lines[1].price"},
		"NEGATIVE_FREIGHT":    {values{"freight": "-1"}, "lines[1].freight"},
		"REFERENCE_NOT_FOUND": {values{"product": "none"}, "lines[1].product"},
		"INVALID_INPUT":       {values{"price": "ten"}, "lines[1].price"},
	} {
		newKit(t).Given(ana, bear(10)).When(create(line(nil), line(wrong.line))).ThenRejected(reason).At(wrong.at)
	}
	newKit(t).Given(ana, bear(10), event{Name: "CustomerBlocked", ID: "ana"}).When(create(line(nil))).ThenRejected("CUSTOMER_BLOCKED").At("customer")
}

// TestTransitions: what only notes when.
func TestTransitions(t *testing.T) {
	for name, c := range map[string]struct {
		before    []string
		event, to string
		noted     string
		not       []string // after these it is not possible
		then      string   // the state then
	}{
		"approveOrder":         {nil, "OrderApproved", "APPROVED", "approvedAt", []string{"OrderApproved"}, "APPROVED"},
		"processOrder":         {[]string{"OrderApproved"}, "OrderProcessed", "PROCESSING", "processedAt", nil, "CREATED"},
		"invoiceOrder":         {[]string{"OrderApproved"}, "OrderInvoiced", "INVOICED", "invoicedAt", nil, "CREATED"},
		"shipOrder":            {[]string{"OrderApproved", "OrderInvoiced"}, "OrderShipped", "SHIPPED", "shippedAt", nil, "CREATED"},
		"deliverOrder":         {[]string{"OrderApproved", "OrderShipped"}, "OrderDelivered", "DELIVERED", "deliveredAt", []string{"OrderApproved"}, "APPROVED"},
		"markOrderUnavailable": {[]string{"OrderApproved"}, "OrderMarkedUnavailable", "UNAVAILABLE", "unavailableAt", []string{"OrderCanceled"}, "CANCELED"},
	} {
		k := order(t, happened(c.before...)...).Pass(time.Minute)
		k.When(command{Name: name, ID: "o"}).Then(event{Name: c.event, To: c.to, Set: values{c.noted: k.Now()}}).ThenNoTimer("CREATED/expireOrder")
		order(t, happened(c.not...)...).When(command{Name: name, ID: "o"}).ThenRejected("INVALID_TRANSITION").Saying("is " + c.then)
	}
}

func TestDeliverOrderNotesHowLongItTook(t *testing.T) {
	approved := event{Name: "OrderApproved", ID: "o", Set: values{"approvedAt": daybooktest.Start}}
	k := order(t, approved, event{Name: "OrderShipped", ID: "o"}).Pass(36*time.Hour + 999*time.Millisecond)
	k.When(command{Name: "deliverOrder", ID: "o"}).Then(event{Name: "OrderDelivered", Set: values{"deliveredAt": k.Now(), "deliverySeconds": 129600}})
}

func TestShipOrderRefusesAnEmptyOrder(t *testing.T) {
	order(t, event{Name: "OrderLineRemoved", ID: "o", Set: values{"lines": []any{}, "total": 0}}, event{Name: "OrderApproved", ID: "o"}).
		When(command{Name: "shipOrder", ID: "o", Input: values{"carrier": "Post"}}).
		ThenRejected("EMPTY_ORDER").At("lines")
}

func TestCancelOrder(t *testing.T) {
	order(t).When(command{Name: "cancelOrder", ID: "o", Input: values{"reason": "changed my mind"}}).
		Then(event{Name: "OrderCanceled", From: "CREATED", To: "CANCELED", Set: values{"canceledAt": daybooktest.Start, "cancelReason": "changed my mind"}})
}

func TestAnOrderThatNobodyPaysExpires(t *testing.T) {
	k := order(t).Pass(30 * time.Minute)
	k.WhenTimer("Order", "o", "CREATED/expireOrder").
		Then(event{Name: "OrderExpired", To: "CANCELED", Set: values{"canceledAt": k.Now(), "cancelReason": "not paid in time"}})
}

func TestOrderLines(t *testing.T) {
	k := order(t)
	k.When(command{Name: "addOrderLine", ID: "o", Input: values{"line": line(values{"quantity": 1})}}).
		Then(event{Name: "OrderLineAdded", From: "CREATED", To: "CREATED", Set: values{"total": "34"}, Changes: []daybooktest.Change{
			daybooktest.Insert("lines", "2-1", line(values{"line": "2-1", "quantity": 1})),
		}}).
		When(command{Name: "changeOrderLine", ID: "o", Input: values{"line": values{"line": "1-1", "quantity": 1, "freight": 0}}}).
		Then(event{Name: "OrderLineChanged", Set: values{"total": "22.25"}, Changes: []daybooktest.Change{
			daybooktest.Update("lines", "1-1", line(values{"line": "1-1", "quantity": 1, "freight": 0})),
		}}).
		When(command{Name: "removeOrderLine", ID: "o", Input: values{"line": "1-1"}}).
		Then(event{Name: "OrderLineRemoved", Set: values{"total": "11.75"}, Changes: []daybooktest.Change{daybooktest.Remove("lines", "1-1")}}).
		ThenEntity(values{"status": "CREATED", "total": "11.75", "lines": []any{line(values{"line": "2-1", "quantity": 1})}})

	k.When(command{Name: "addOrderLine", ID: "o", Input: values{"line": line(values{"price": -1})}}).ThenRejected("NEGATIVE_PRICE").At("line.price")
	k.When(command{Name: "changeOrderLine", ID: "o", Input: values{"line": values{"line": "2-1", "quantity": 0}}}).ThenRejected("BAD_QUANTITY").At("line.quantity")
	k.When(command{Name: "changeOrderLine", ID: "o", Input: values{"line": values{"line": "1-1", "quantity": 1}}}).ThenRejected("NO_SUCH_ELEMENT").At("line.line")
	k.When(command{Name: "removeOrderLine", ID: "o", Input: values{"line": "1-1"}}).ThenRejected("NO_SUCH_ELEMENT").At("line")
}

func TestACanceledOrderGivesBackWhatWasReserved(t *testing.T) {
	canceled := event{Name: "OrderCanceled", ID: "o"}
	order(t).Reacting(rules.Reactions()).On(canceled).ThenSends()
	k := order(t)
	k.When(command{Name: "approveOrder", ID: "o"})
	k.Reacting(rules.Reactions()).On(canceled).ThenSends(command{Name: "releaseStock", ID: "o/stock"})
}

// BenchmarkKit is what a case costs, with four events before.
func BenchmarkKit(b *testing.B) {
	for b.Loop() {
		order(b, event{Name: "OrderApproved", ID: "o"}).When(command{Name: "shipOrder", ID: "o"}).Then(event{Name: "OrderShipped", To: "SHIPPED"})
	}
}

func TestAnOrderThatIsApprovedReservesStock(t *testing.T) {
	order(t).Reacting(rules.Reactions()).On(event{Name: "OrderApproved", ID: "o"}).
		ThenSends(command{Name: "reserveStock", ID: "o/stock", Input: values{"order": "o"}})
}
