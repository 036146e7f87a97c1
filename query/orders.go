package query

import (
	"slices"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// Orders builds sort keys from the API's `orderBy`, whose fields are called as UpperSnake makes them.
func (e *Engine) Orders(entity *schema.Entity, orderBy any) ([]documents.Order, error) {
	if orderBy == nil {
		return nil, nil
	}
	items, err := objects(orderBy, "orderBy")
	if err != nil {
		return nil, err
	}
	if len(items) > 8 {
		return nil, invalid("orderBy has more than 8 keys")
	}
	var out []documents.Order
	for _, item := range items {
		name, _ := item["field"].(string)
		stored, ok := sortField(entity, name)
		if !ok {
			return nil, invalid("orderBy: %s has no field %q to sort by", entity.Name, name)
		}
		if slices.ContainsFunc(out, func(o documents.Order) bool { return o.Field == stored }) {
			return nil, invalid("orderBy names %s twice", name)
		}
		out = append(out, documents.Order{Field: stored, Desc: item["direction"] == "DESC"})
	}
	return out, nil
}

func sortField(e *schema.Entity, name string) (string, bool) {
	for _, api := range []string{"version", "createdAt", "updatedAt", "id"} {
		if schema.UpperSnake(api) == name {
			return StoredName(e, api)
		}
	}
	for _, f := range e.Fields {
		api := f.Name
		if f.Ref != nil {
			api += "Id"
		}
		if schema.UpperSnake(api) == name {
			return StoredName(e, api)
		}
	}
	return "", false
}
