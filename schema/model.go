// Package schema turns the model, GraphQL SDL files that declare business entities as state machines,
// into a checked Model that the rest of Daybook works from. The runtime knows no entity by name.
package schema

import "time"

// Model is a checked model. It is immutable after Load and safe for concurrent use.
// Every slice is in declaration order: files by name, then by line.
type Model struct {
	Entities []*Entity
	Views    []*Entity // @view types: read only, kept by the consolidator
	Objects  []*Object // value objects, such as OrderLine: they live inside an entity
	Inputs   []*Object // input objects of command arguments, declared or derived from Objects
	Enums    []*Enum
	Commands []*Command // every command of every entity

	index index
}

// Entity is one business entity: a state machine whose every change is an event.
type Entity struct {
	Name        string // "Order"
	Singular    string // "order": the query field and the payload field
	Plural      string // "orders": the list query, the default inverse and the collection
	Description string
	File        string   // base name of its file without extension, "order": one name at every stage
	Fields      []*Field // as declared, `id` first
	State       *Field   // the @state field, nil for an entity without states
	States      []string // the values of the state enum in order, nil without @state
	Commands    []*Command
	Inverses    []*Inverse // the other directions of refs that point here
	With        *Field     // the ref to what it belongs to: its id begins with that id and OwnerSeparator; nil for none
	Uniques     []*Unique
	Indexes     []*Index // of several fields
	View        *View    // what a view is made of; nil for an entity
	Timeouts    []*Timeout
	Reactions   []*Reaction // to events of this entity
	CRUD        bool
	Pos         Pos

	enum *Enum // the type of State
}

// Field is one field of an entity or of a value object.
type Field struct {
	Name        string
	Type        Type
	Description string
	Ref         *Ref  // set if the field holds another entity's id
	Copy        *Copy // set if the consolidator keeps it as a copy of a field of a referenced entity
	Indexed     bool
	IndexedAsOf bool // for what was, too
	Unique      bool // has @unique, see Entity.Uniques
	Key         bool // of a value object: tells the elements of a list apart
	Computed    bool // set by rules only: not an input of @crud commands
	Pos         Pos
}

// Ref says that a field holds the id of another entity. In a Record the value is that id, a string, under the field's own
// name; the API shows the entity under the name and the id under name + "Id".
type Ref struct {
	Entity  string   // the target's name
	Inverse string   // the field on the target that leads back, "" for a ref inside a value object (no inverse there)
	In      []string // the states that the target has to be in when a command sets the field; nil for any
}

// Copy says that a field repeats a field of the entity that a ref of the same entity points to.
type Copy struct {
	Via   string // the ref field on this entity, "customer"
	Field string // the field on the target, "name"
}

// Inverse is the other direction of a ref: Customer.orders for Order.customer.
type Inverse struct {
	Name   string // "orders"
	Entity string // where the ref is declared, "Order"
	Field  string // the ref there, "customer"
}

// Kind is what a value is, as far as storing, comparing and checking it goes.
type Kind int

// The kinds of values, and the Go type that a Record holds for each.
const (
	KindString   Kind = iota // string
	KindID                   // string
	KindInt                  // int, within 32 bits
	KindFloat                // float64, finite
	KindBoolean              // bool
	KindDecimal              // scalar.Decimal
	KindDateTime             // scalar.DateTime
	KindDate                 // scalar.Date
	KindLong                 // scalar.Long
	KindUUID                 // scalar.UUID
	KindJSON                 // scalar.JSON
	KindEnum                 // string
	KindObject               // Record (value objects and input objects)
	KindEntity               // string: the id of a referenced entity (only on ref fields)

	kindUnknown Kind = -1 // of a type that there is not: only in models that are refused
)

// Type is the type of a field or argument. Lists of lists do not exist in a model.
type Type struct {
	Kind        Kind
	Name        string // the GraphQL name of the innermost type: "Decimal", "OrderLine", "OrderStatus"
	NonNull     bool   // the value itself (the list, if List)
	List        bool   // a Record holds []any
	ElemNonNull bool   // the elements, if List
}

// Object is a value object or an input object.
type Object struct {
	Name        string
	Description string
	Fields      []*Field
	Derived     bool // an input that the model did not declare: OrderLineInput from OrderLine
	Patch       bool // a derived input for @update, OrderLinePatch: the key, and what is to change of the others
	Pos         Pos
}

// Enum is an enumeration.
type Enum struct {
	Name        string
	Description string
	Values      []EnumValue
	Pos         Pos
}

// EnumValue is one value of an Enum.
type EnumValue struct {
	Name        string
	Description string
	Pos         Pos
}

// Unique says that at most one entity has the values of some fields. Entities that lack one of them have no such value.
type Unique struct {
	Name       string   // what claims of it are for: "Customer.email", "Seat.number+hall"
	Fields     []*Field // the one with @unique first
	IgnoreCase bool     // texts that are one after Unicode's full case folding are the same
	Pos        Pos
}

// Index is an index over fields of an entity, in that order.
type Index struct {
	Fields []IndexField
	AsOf   bool // of what was, too
	Pos    Pos
}

// IndexField is one key of an Index.
type IndexField struct {
	Name string // a field, or _createdAt, _updatedAt, _version
	Desc bool
}

// Timeout is a command that is run once an entity has been in a state for some time.
type Timeout struct {
	In    string
	After time.Duration // 1 ms to 10 years
	Run   *Command      // of the same entity; it needs no arguments
	Pos   Pos
}

// Name names the timer, among those of one entity.
func (t *Timeout) Name() string { return t.In + "/" + t.Run.Name }

// Reaction is a command that is run after an event.
type Reaction struct {
	Name   string // "OrderApproved/reserveStock": among all of the model
	Event  string
	Source *Entity // whose event it is
	Run    *Command
	With   []Binding
	OrElse *Command // of Source, nil for none: run if Run is rejected
	Pos    Pos
}

// Binding says where an argument of a reaction's command comes from.
type Binding struct {
	Arg            string   // "id" or an argument of the command
	List           string   // the list of Source whose elements the path begins in, "" if it begins in the entity
	Steps          []string // the names of fields, from there; none for the element itself
	Before, Behind string   // text around the value, which then is a text
}

// CommandKind says what a command does to its entity's life.
type CommandKind int

// The kinds of commands.
const (
	Create     CommandKind = iota // makes the entity; the id is optional
	Transition                    // moves it to another state, or changes it where it is
	Delete                        // ends it
)

// Command is a declared change of one entity: a mutation of the write API.
type Command struct {
	Name        string // "createOrder": the mutation
	Entity      *Entity
	Kind        CommandKind
	From        []string // states it may run in; nil for Create and for entities without states
	To          string   // the state it leads to; "" if it stays
	Event       string   // the event's name: "OrderCreated"
	Args        []*Arg   // without `id` and `command`
	CRUD        bool     // made by @crud, not declared
	Description string
	Pos         Pos
}

// ElementOp says what an argument does to a list of the entity.
type ElementOp string

// What arguments do to lists.
const (
	NoElement     ElementOp = ""
	AppendElement ElementOp = "append"
	RemoveElement ElementOp = "remove"
	UpdateElement ElementOp = "update"
)

// Arg is one argument of a command.
type Arg struct {
	Name        string
	Type        Type   // as in the write API: refs are IDs, objects are input objects
	Field       *Field // the entity's field of that name, which the argument sets; nil for input to rules only
	Ref         string // the referenced entity's name, if Field is a ref
	Element     ElementOp
	List        *Field // the list that Element changes
	Description string
	Pos         Pos
}

// Pos is where something was declared.
type Pos struct {
	File      string // as given to Load, slash-separated
	Line, Col int    // from 1
}

// Record is a set of field values by field name, each of the Go type that its Kind names. A null value is an absent key.
// A Record that was handed over is not changed by the receiver: it is copied first.
type Record = map[string]any
