package rules

import (
	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/entity"
)

// ReserveStock takes every line of the order that is counted from its product's stock. One that there is not enough of refuses it all.
func ReserveStock(c *command.Context, reservation *entity.Reservation, in entity.ReserveStock) error {
	order, err := entity.LoadOrder(c, in.Order)
	if err != nil {
		return err
	}
	reservation.Lines = []entity.ReservedLine{}
	for _, l := range order.Lines {
		product, err := entity.LoadProduct(c, l.Product)
		if err != nil {
			return err
		}
		if product.Stock == nil {
			continue
		}
		if _, err := (entity.TakeStock{Quantity: l.Quantity}).RunOn(c, l.Product); err != nil {
			return err
		}
		reservation.Lines = append(reservation.Lines, entity.ReservedLine{Product: l.Product, Quantity: l.Quantity})
	}
	return nil
}

// ReleaseStock gives back what was taken, of products that are still sold.
func ReleaseStock(c *command.Context, reservation *entity.Reservation, _ entity.ReleaseStock) error {
	for _, l := range reservation.Lines {
		product, err := entity.FindProduct(c, l.Product)
		if err != nil {
			return err
		}
		if product == nil {
			continue
		}
		if _, err := (entity.ReturnStock{Quantity: l.Quantity}).RunOn(c, l.Product); err != nil {
			return err
		}
	}
	return nil
}
