package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/storetest"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestIndexesAreWhatTheModelSays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "documents.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	exec := func(q string) {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	storetest.Indexes(t, storetest.Indexed{
		Open: func(m *schema.Model) documents.Store { return open(t, path, m) },
		Names: func() []string {
			var names string
			err := db.QueryRowContext(t.Context(), `SELECT coalesce(group_concat(name), '') FROM sqlite_master
				WHERE type='index' AND sql IS NOT NULL AND name NOT LIKE '%undated' AND name NOT LIKE '%caused' AND name NOT LIKE '%gone'`).Scan(&names)
			if err != nil {
				t.Fatal(err)
			}
			return strings.FieldsFunc(names, func(r rune) bool { return r == ',' })
		},
		Name: func(e *schema.Entity, past bool) string {
			if past {
				return e.Plural + "_versions_by_*"
			}
			return e.Plural + "_g1_"
		},
		Foreign: func(name, field string) {
			exec(fmt.Sprintf(`CREATE INDEX "%s" ON things_g1 (json_extract(body,'$.%s')) WHERE _deleted=0`, name, field))
		},
		Drop: func(name string) { exec(`DROP INDEX "` + name + `"`) },
	})
}
