package documents

import (
	"errors"
	"fmt"

	"github.com/daybook-cqrs/daybook/position"
)

// OtherHistoryError is returned by Archive for a version that is in the archive from another event: the log lost its tail after that was consolidated, and went
// on differently.
type OtherHistoryError struct {
	Entity, ID  string
	Version     int64
	Stored, Log position.Place // of the event in the archive, and of the one that was to be archived
}

// Error names the version.
func (e *OtherHistoryError) Error() string {
	return fmt.Sprintf("version %d of %s %s is in the archive from another event (place %d/%d, in the log now %d/%d): the log lost its tail and went on differently",
		e.Version, e.Entity, e.ID, e.Stored.Epoch, e.Stored.Seq, e.Log.Epoch, e.Log.Seq)
}

// SameEvent returns an *OtherHistoryError unless the archived version is of the same event as the one that was to be archived.
func SameEvent(entity string, archived, v *Version) error {
	if archived.Place == v.Place && archived.CommandID == v.CommandID && string(archived.Changes) == string(v.Changes) {
		return nil
	}
	return &OtherHistoryError{Entity: entity, ID: v.ID, Version: v.Version, Stored: archived.Place, Log: v.Place}
}

// UnreadableError is returned by reads that meet a stored value that is not what the model says: most likely a field's type was changed.
type UnreadableError struct {
	Entity, ID string
	Version    int64  // of an archived version; 0 for the document
	Field      string // "" if it is the whole
	Err        error
}

// Error names the document and the field.
func (e *UnreadableError) Error() string {
	what := "the document"
	if e.Version > 0 {
		what = fmt.Sprintf("version %d", e.Version)
	}
	if e.Field != "" {
		what = fmt.Sprintf("%q in %s", e.Field, what)
	}
	return fmt.Sprintf("%s of %s %s can't be read (was the field's type changed?): %v", what, e.Entity, e.ID, e.Err)
}

// Unwrap returns what is wrong with the value.
func (e *UnreadableError) Unwrap() error { return e.Err }

// TooLargeError is returned by writes of what is larger than the store can keep.
type TooLargeError struct {
	Entity, ID string
	Limit      string
	Err        error // the server's, if it said so; else nil
}

// Error names the document.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s %s would be over %s", e.Entity, e.ID, e.Limit)
}

// Unwrap returns the server's error.
func (e *TooLargeError) Unwrap() error { return e.Err }

// Lasting reports whether an error of a Store comes again however often one tries: it is about what is stored or is to be stored, not about the server.
func Lasting(err error) bool {
	var history *OtherHistoryError
	var unreadable *UnreadableError
	var large *TooLargeError
	return errors.As(err, &history) || errors.As(err, &unreadable) || errors.As(err, &large)
}
