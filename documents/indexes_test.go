package documents_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// TestIndexesOfViews: a view has no archive, and what is asked of tallies has one index that serves it whole.
func TestIndexesOfViews(t *testing.T) {
	m, err := schema.Load(fstest.MapFS{"m.graphql": {Data: []byte(`type Order @entity @crud { id: ID! total: Int region: String customer: Order @ref }
type Total @view(of: "Order") @indexed(fields: ["region", "least DESC"]) { region: String @group customer: Order @ref @group least: Int @min(of: "total") @indexed }`)}})
	if err != nil {
		t.Fatal(err)
	}
	names := func(e *schema.Entity) (out []string) {
		for _, i := range documents.Indexes(e) {
			if i.Past {
				out = append(out, "past")
			}
			out = append(out, i.Name())
		}
		return out
	}
	view := m.View("Total")
	if got := names(view); !slices.Equal(got, []string{"customer", "least", "region+least-"}) {
		t.Error(got)
	}
	if got := names(view.View.Tallies); !slices.Equal(got, []string{"group+field+alive+value"}) {
		t.Error(got)
	}
}
