class CometRouter:
    """Sends the models of this application to comet, and all others to the site's own database."""

    def db_for_read(self, model, **hints):
        return "comet" if model._meta.app_label == "chat" else None

    db_for_write = db_for_read

    def allow_relation(self, one, other, **hints):
        # No foreign key leads from one database into another.
        return (one._meta.app_label == "chat") == (other._meta.app_label == "chat")

    def allow_migrate(self, db, app_label, **hints):
        return db != "comet" and app_label != "chat"
