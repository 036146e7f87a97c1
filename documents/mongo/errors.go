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
		!slices.ContainsFunc(bulk.WriteErrors, func(e mongo.BulkWriteError) bool { return !takenID(e.WriteError) })
}

// takenID reports whether a write failed because there is a document of that _id. A unique index that somebody else made refuses documents with the same code, and those are not there:
// MongoDB says which index it was. FerretDB does not.
func takenID(e mongo.WriteError) bool {
	if !mongo.IsDuplicateKeyError(e) {
		return false
	}
	keys, ok := e.Raw.Lookup("keyPattern").DocumentOK()
	if !ok {
		return true
	}
	elements, err := keys.Elements()
	return err == nil && len(elements) == 1 && elements[0].Key() == documents.FieldID
}

// explain says of which of n documents the error is, where it is of one.
func explain(err error, e *entity, id func(i int) string, n int) error {
	var bulk mongo.BulkWriteException
	if !errors.As(err, &bulk) {
		return err
	}
	for _, f := range bulk.WriteErrors {
		if f.Index < 0 || f.Index >= n || takenID(f.WriteError) {
			continue
		}
		if slices.Contains(codesTooLarge, f.Code) {
			return tooLarge(e, id(f.Index), err)
		}
		if mongo.IsDuplicateKeyError(f) {
			return fmt.Errorf("document %s: a unique index that Daybook did not make refuses it, drop that (@unique needs none in the store): %w", id(f.Index), err)
		}
		return fmt.Errorf("document %s: %w", id(f.Index), err)
	}
	return err
}
