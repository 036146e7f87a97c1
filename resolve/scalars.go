package resolve

import (
	"github.com/99designs/gqlgen/graphql"

	"github.com/daybook-cqrs/daybook/scalar"
)

// gqlgen binds the model's scalars to these functions. They write values as package scalar does. They read nothing: what a client sent is read where it is
// used, with all its digits and its path (see arguments and schema.Model.Coerce), so that a wrong value rejects its command or query and not, as an error in
// an argument would, the answers to all other mutations of the request.

// MarshalDecimal writes a Decimal.
func MarshalDecimal(v scalar.Decimal) graphql.Marshaler { return v }

// UnmarshalDecimal accepts anything.
func UnmarshalDecimal(any) (scalar.Decimal, error) { return scalar.Decimal{}, nil }

// MarshalDateTime writes a DateTime.
func MarshalDateTime(v scalar.DateTime) graphql.Marshaler { return v }

// UnmarshalDateTime accepts anything.
func UnmarshalDateTime(any) (scalar.DateTime, error) { return scalar.DateTime{}, nil }

// MarshalDate writes a Date.
func MarshalDate(v scalar.Date) graphql.Marshaler { return v }

// UnmarshalDate accepts anything.
func UnmarshalDate(any) (scalar.Date, error) { return "", nil }

// MarshalLong writes a Long.
func MarshalLong(v scalar.Long) graphql.Marshaler { return v }

// UnmarshalLong accepts anything.
func UnmarshalLong(any) (scalar.Long, error) { return 0, nil }

// MarshalJSON writes a JSON value.
func MarshalJSON(v scalar.JSON) graphql.Marshaler { return v }

// UnmarshalJSON accepts anything.
func UnmarshalJSON(any) (scalar.JSON, error) { return "null", nil }

// MarshalUUID writes a UUID.
func MarshalUUID(v scalar.UUID) graphql.Marshaler { return v }

// UnmarshalUUID accepts anything.
func UnmarshalUUID(any) (scalar.UUID, error) { return "", nil }

// MarshalPosition writes the text of a position.
func MarshalPosition(v string) graphql.Marshaler { return graphql.MarshalString(v) }

// UnmarshalPosition accepts anything.
func UnmarshalPosition(any) (string, error) { return "", nil }
