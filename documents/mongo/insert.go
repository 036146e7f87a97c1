package mongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// insert inserts documents in one round trip, without looking for them first, and returns by index those whose _id was there already: they stay as
// they are. Which document is of which entity's, for errors, ids says. An error means that nothing is certain.
func insert(ctx context.Context, e *entity, in *mongo.Collection, ids []string, docs []bson.D) (taken map[int]bool, err error) {
	if len(docs) == 0 {
		return nil, nil
	}
	raws := make([]any, len(docs))
	for i, d := range docs {
		if raws[i], err = raw(e, ids[i], d); err != nil {
			return nil, err
		}
	}
	_, err = in.InsertMany(ctx, raws, options.InsertMany().SetOrdered(false))
	if err == nil {
		return nil, nil
	}
	if !onlyDuplicates(err) {
		return nil, explain(err, e, func(i int) string { return ids[i] }, len(ids))
	}
	var failed mongo.BulkWriteException
	errors.As(err, &failed) // onlyDuplicates found it
	taken = make(map[int]bool, len(failed.WriteErrors))
	for _, f := range failed.WriteErrors {
		if f.Index < 0 || f.Index >= len(docs) {
			return nil, fmt.Errorf("the server names document %d of %d: %w", f.Index, len(docs), err)
		}
		taken[f.Index] = true
	}
	return taken, nil
}

// raw encodes what is sent for the document with the id, which may not be larger than a document can be.
func raw(e *entity, id string, d bson.D) (bson.Raw, error) {
	b, err := bson.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("document %s: %w", id, err)
	}
	if len(b) > maxDocument {
		return nil, tooLarge(e, id, nil)
	}
	return b, nil
}
