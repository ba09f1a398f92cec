"""Label selectors, as Kubernetes reads them."""

from collections.abc import Mapping

from quantos.charts.documents import Document, Json, items, mapping, text


def selects(selector: Json, labels: Mapping[str, Json]) -> bool:
    """Whether a selector takes these labels. An empty one takes all; None takes nothing."""
    if selector is None:
        return False
    asked = mapping(selector)
    exact = mapping(asked.get("matchLabels"))
    if any(labels.get(name) != value for name, value in exact.items()):
        return False
    return all(_holds(mapping(each), labels) for each in items(asked.get("matchExpressions")))


def _holds(expression: Document, labels: Mapping[str, Json]) -> bool:
    name, values = text(expression.get("key")), items(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return labels.get(name) in values
        case "NotIn":
            return labels.get(name) not in values
        case "Exists":
            return name in labels
        case "DoesNotExist":
            return name not in labels
    return False
