package mongo

import (
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// codeTooLarge is the server's answer to a document over 16 MiB.
const codeTooLarge = 10334

// onlyDuplicates reports whether all that went wrong in a bulk write is that documents were there already.
func onlyDuplicates(err error) bool {
	var bulk mongo.BulkWriteException
	return errors.As(err, &bulk) && bulk.WriteConcernError == nil && len(bulk.WriteErrors) > 0 &&
		!slices.ContainsFunc(bulk.WriteErrors, func(e mongo.BulkWriteError) bool { return !mongo.IsDuplicateKeyError(e) })
}

// explain says of which of n documents the error is, where it is of one.
func explain(err error, id func(i int) string, n int) error {
	var bulk mongo.BulkWriteException
	if !errors.As(err, &bulk) {
		return err
	}
	for _, e := range bulk.WriteErrors {
		if e.Index < 0 || e.Index >= n || mongo.IsDuplicateKeyError(e) {
			continue
		}
		if e.Code == codeTooLarge {
			return fmt.Errorf("document %s would be over 16 MiB, MongoDB's limit: %w", id(e.Index), err)
		}
		return fmt.Errorf("document %s: %w", id(e.Index), err)
	}
	return err
}
