package consolidator_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestAViewThatIsStuckStopsNobodyElse: an order of 1e30 that a client made is too much for one sum. The entities go on, and the other views, and a view that is added meanwhile.
func TestAViewThatIsStuckStopsNobodyElse(t *testing.T) {
	const sdl = `type Thing @entity @crud { id: ID! size: Decimal label: String } type Other @entity @crud { id: ID! }
		type Sizes @view(of: "Thing", plural: "allSizes") { things: Long! @count total: Decimal! @sum(of: "size") }
		type Number @view(of: "Thing") { things: Long! @count }`
	w := emptyWorld(t, sdl, 1)
	path := filepath.Join(t.TempDir(), "docs.db")
	s := w.openSQLite(path)
	w.exec("createThing", "a", schema.Record{"size": w.decimal("0.01")})
	o := options()
	c, stop := w.start(s, w.feed, o)
	w.until("the beginning", func() bool { return w.done(s) && w.ready(s, "Sizes") })
	w.exec("createThing", "b", schema.Record{"size": w.decimal("1e40")})
	w.exec("createThing", "c", nil)
	w.until("the others", func() bool {
		docs := w.all(s, "Number")
		return w.done(s) && len(docs) == 1 && docs[0].Fields["things"] == scalar.Long(3)
	})
	w.until("the failure", func() bool { return c.Health() != nil })
	status := c.Status()[0]
	if status.Err != nil || status.Broken || !strings.Contains(status.Views.Error(), "the view Sizes all can't be kept: total: the exact sum has more than 34 digits") {
		t.Errorf("%+v", status)
	}
	if d := w.all(s, "Sizes"); d[0].Fields["things"] != scalar.Long(1) {
		t.Error("it took in what it can't", d)
	}
	stop()

	w.model = load(t, sdl+` type More @view(of: "Thing") { things: Long! @count }`)
	s = w.openSQLite(path)
	_, stop = w.start(s, w.feed, o)
	defer stop()
	w.until("the new view", func() bool {
		docs := w.all(s, "More")
		return len(docs) == 1 && docs[0].Fields["things"] == scalar.Long(3) && w.ready(s, "More")
	})
	w.exec("deleteThing", "b", nil)
	w.until("the view that was stuck", func() bool { return w.all(s, "Sizes")[0].Fields["things"] == scalar.Long(2) })
}
