package sqlite

import (
	"time"

	"github.com/daybook-cqrs/daybook/documents"
)

const (
	// columns are what every read of documents scans.
	columns = "_id, _version, _created, _updated, _deleted, sources, body"
	// pastColumns are the same of the archive. A version that an older process archived meanwhile has no createdAt: Setup gives it one.
	pastColumns = "_id, _version, coalesce(createdAt, validFrom), validFrom, deleted, '{}', state"
)

// table is where documents are read from: as they are now or, in the archive, as they were.
type table struct {
	*entity
	name    string // quoted
	columns string // columns, or what stands for them
	past    bool
	at      time.Time // of the past
	gone    bool      // tombstones of the past
}

func (e *entity) now() *table { return &table{entity: e, name: e.table, columns: columns} }

// as returns the table of what was at an instant, of what is now for the zero time.
func (e *entity) as(at time.Time) *table {
	if at.IsZero() {
		return e.now()
	}
	return e.then(at)
}

func (e *entity) then(at time.Time) *table {
	return &table{entity: e, name: e.versions, columns: pastColumns, past: true, at: at}
}

// body is the column that holds the fields.
func (t *table) body() string {
	if t.past {
		return "state"
	}
	return "body"
}

// expr returns the SQL for a field's value. It is the text that the indexes are on, so SQLite recognises it.
func (t *table) expr(field string) string {
	switch field {
	case documents.FieldID:
		return "_id"
	case documents.FieldVersion:
		return "_version"
	case documents.FieldCreatedAt:
		if t.past {
			return "createdAt"
		}
		return "_created"
	case documents.FieldUpdatedAt:
		if t.past {
			return "validFrom"
		}
		return "_updated"
	}
	return "json_extract(" + t.body() + ",'$." + field + "')"
}

// there says that a row is no tombstone, or, if those are asked for, is one.
func (t *table) there() string {
	switch {
	case !t.past:
		return "_deleted=0"
	case t.gone:
		return "deleted=1"
	}
	return "deleted=0"
}

// lived begins a condition: what is no tombstone (or, if those are asked for, is one), and is or was there. Of several versions of one instant it is the last one.
func (c *compiler) lived() {
	c.text(c.from.there(), " AND ")
	if !c.from.past {
		return
	}
	at := encodeTime(c.from.at)
	c.text("validFrom<=? AND (validTo IS NULL OR validTo>?) AND ")
	c.args = append(c.args, at, at)
}
