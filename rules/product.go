package rules

import (
	"fmt"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/entity"
)

// TakeStock refuses to take more than there is.
func TakeStock(_ *command.Context, product *entity.Product, in entity.TakeStock) error {
	if in.Quantity < 1 {
		return command.Reject("BAD_QUANTITY", "at least 1 is taken").At("quantity")
	}
	if product.Stock == nil {
		return nil
	}
	left := *product.Stock - in.Quantity
	if left < 0 {
		return command.Reject("OUT_OF_STOCK", fmt.Sprintf("there are %d of product %s, not %d", *product.Stock, product.ID, in.Quantity)).At("quantity")
	}
	product.Stock = &left
	return nil
}

// ReturnStock adds to what is counted.
func ReturnStock(_ *command.Context, product *entity.Product, in entity.ReturnStock) error {
	if in.Quantity < 1 {
		return command.Reject("BAD_QUANTITY", "at least 1 is returned").At("quantity")
	}
	if product.Stock == nil {
		return nil
	}
	now := *product.Stock + in.Quantity
	product.Stock = &now
	return nil
}

// CreateProduct refuses a stock below nothing.
func CreateProduct(_ *command.Context, product *entity.Product, _ entity.CreateProduct) error {
	return checkStock(product)
}

// UpdateProduct refuses a stock below nothing.
func UpdateProduct(_ *command.Context, product *entity.Product, _ entity.UpdateProduct) error {
	return checkStock(product)
}

func checkStock(product *entity.Product) error {
	if product.Stock != nil && *product.Stock < 0 {
		return command.Reject("NEGATIVE_STOCK", "a stock is not negative").At("stock")
	}
	return nil
}
