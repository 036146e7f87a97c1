package mongo

import (
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/daybook-cqrs/daybook/documents"
)

// maxDocument is the most that a document may have, in bytes.
const maxDocument = 16 << 20

// codesTooLarge are the server's answers to a document over that: sent so, grown so by an update, by an upsert.
var codesTooLarge = []int{10334, 17419, 17420}

func tooLarge(e *entity, id string, err error) error {
	return &documents.TooLargeError{Entity: e.Name, ID: id, Limit: "16 MiB, MongoDB's limit", Err: err}
}

// onlyDuplicates reports whether all that went wrong in a bulk write is that documents were there already.
func onlyDuplicates(err error) bool {
	var bulk mongo.BulkWriteException
	return errors.As(err, &bulk) && bulk.WriteConcernError == nil && len(bulk.WriteErrors) > 0 &&
		!slices.ContainsFunc(bulk.WriteErrors, func(e mongo.BulkWriteError) bool { return !mongo.IsDuplicateKeyError(e) })
}

// explain says of which of n documents the error is, where it is of one.
func explain(err error, e *entity, id func(i int) string, n int) error {
	var bulk mongo.BulkWriteException
	if !errors.As(err, &bulk) {
		return err
	}
	for _, f := range bulk.WriteErrors {
		if f.Index < 0 || f.Index >= n || mongo.IsDuplicateKeyError(f) {
			continue
		}
		if slices.Contains(codesTooLarge, f.Code) {
			return tooLarge(e, id(f.Index), err)
		}
		return fmt.Errorf("document %s: %w", id(f.Index), err)
	}
	return err
}
