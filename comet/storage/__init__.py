"""What must survive: one interface, and the back ends that keep its promises."""
