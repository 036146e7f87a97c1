package query

import (
	"context"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// Version returns a version of an entity from the archive, and the event that made it. It is nil if there is none, or none yet.
func (e *Engine) Version(ctx context.Context, entity *schema.Entity, id string, version int64) (*documents.Version, error) {
	key := documents.VersionKey{ID: id, Version: version}
	found, err := e.cfg.Store.Versions(ctx, entity.Name, []documents.VersionKey{key})
	if err != nil {
		return nil, err
	}
	if v, ok := found[key]; ok {
		return &v, nil
	}
	return nil, nil //nolint:nilnil // absent is an answer
}
