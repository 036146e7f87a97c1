package consolidator_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/projection"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// sizes counts things, and can't take in one without a label unless it is mended.
func sizes(mended bool) projection.Table {
	of := func(_ projection.Event, _, after schema.Record) ([]projection.Step, error) {
		if after["label"] == nil && !mended {
			return nil, errors.New("a thing without a label")
		}
		return []projection.Step{{ID: "all", Update: func(doc schema.Record) (schema.Record, error) {
			n, _ := doc["things"].(scalar.Long)
			doc["things"] = n + 1
			return doc, nil
		}}}, nil
	}
	return projection.Table{"Sizes": {"Thing": of}}
}

// TestAViewThatIsStuckStopsNobodyElse: the entities go on, and the other views, and a view that is added meanwhile; and it goes on itself once its function is mended.
func TestAViewThatIsStuckStopsNobodyElse(t *testing.T) {
	const sdl = `type Thing @entity @crud { id: ID! label: String } type Other @entity @crud { id: ID! }
		type Sizes @view(of: "Thing", plural: "allSizes") { things: Long! }
		type Number @view(of: "Thing") { things: Long! @count }`
	w := emptyWorld(t, sdl, 1)
	path := filepath.Join(t.TempDir(), "docs.db")
	s := w.openSQLite(path)
	w.exec("createThing", "a", schema.Record{"label": "x"})
	o := options()
	o.Projections = sizes(false)
	c, stop := w.start(s, w.feed, o)
	w.until("the beginning", func() bool { return w.done(s) && w.ready(s, "Sizes") })
	w.exec("createThing", "b", nil)
	w.exec("createThing", "c", schema.Record{"label": "y"})
	w.until("the others", func() bool {
		docs := w.all(s, "Number")
		return w.done(s) && len(docs) == 1 && docs[0].Fields["things"] == scalar.Long(3)
	})
	w.until("the failure", func() bool { return c.Health() != nil })
	status := c.Status()[0]
	if status.Err != nil || status.Broken || !strings.Contains(status.Views.Error(), "the view Sizes can't be kept") || !strings.Contains(status.Views.Error(), "a thing without a label") {
		t.Errorf("%+v", status)
	}
	if d := w.all(s, "Sizes"); d[0].Fields["things"] != scalar.Long(1) {
		t.Error("it took in what it can't", d)
	}
	stop()

	w.model = load(t, sdl+` type More @view(of: "Thing") { things: Long! @count }`)
	s = w.openSQLite(path)
	_, stop = w.start(s, w.feed, o)
	w.until("the new view", func() bool {
		docs := w.all(s, "More")
		return len(docs) == 1 && docs[0].Fields["things"] == scalar.Long(3) && w.ready(s, "More")
	})
	stop()
	o.Projections = sizes(true)
	_, stop = w.start(s, w.feed, o)
	defer stop()
	w.until("the view that was stuck", func() bool { return w.all(s, "Sizes")[0].Fields["things"] == scalar.Long(3) })
}
