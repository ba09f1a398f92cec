"""Which expressions ask whether there is a namespace before they read it."""

import pytest

from quantos.charts.links.guards import conjuncts, reads_unguarded


@pytest.mark.parametrize(
    ("expression", "fails"),
    [
        ('request.namespace == "a"', True),
        ("request['namespace'] == 'a'", True),
        ('object["metadata"]["namespace"] == "a"', True),
        ("namespaceObject.metadata.name == 'a'", True),
        ("!(request.namespace in ['a'])", True),
        ("has(request.namespace) && request.namespace == 'a'", False),
        ("has(request.namespace) && has(object.spec) && !(request['namespace'] in ['a', 'b'])", False),
        ("(has( request.namespace )) && (request.namespace == 'a' || request.namespace == 'b')", False),
        ("has(request.namespace) || request.namespace == 'a'", True),
        ("!has(request.namespace) || request.namespace == 'a'", False),
        ("!has(request.namespace) && request.namespace == 'a'", True),
        ("request.namespace == 'a' && has(request.namespace)", True),
        ("!(request.namespace in ['a']) && has(object.metadata.namespace)", True),
        ("has(object.metadata.namespace) && request.namespace == 'a'", True),
        ("!(has(request.namespace) && request.namespace == 'a')", False),
        ("has(request.namespace) ? request.namespace == 'a' : true", False),
        ("has(request.namespace) ? true : request.namespace == 'a'", True),
        ("!has(request.namespace) ? true : request.namespace == 'a'", False),
        ("(has(request.namespace) || has(object.spec)) && request.namespace == 'a'", True),
        ("object.spec.names.all(n, has(request.namespace) && n == request.namespace)", False),
        ("object.spec.names.all(n, n == request.namespace)", True),
        ("object.metadata.?namespace.orValue('') == 'a'", False),
        ("request.?namespace == optional.of('a')", False),
        ("namespaceObject != null && namespaceObject.metadata.name == 'a'", False),
        ("namespaceObject == null || namespaceObject.metadata.name == 'a'", False),
        ("request.operation == 'request.namespace'", False),
        ("true // request.namespace", False),
        ("'has(request.namespace) && ' != '' && request.namespace == 'a'", True),
        ("((", False),
    ],
)
def test_a_namespace_is_asked_for_before_it_is_read(expression, fails) -> None:
    assert reads_unguarded(expression) == fails


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("a", ["a"]),
        ("(a && (b && c))", ["a", "b", "c"]),
        ("a || b", ["a || b"]),
        ("a && b || c", ["a && b || c"]),
        ("a && (b || c)", ["a", "b || c"]),
        ("a ? b : c && d", ["a ? b : c && d"]),
    ],
)
def test_what_has_to_hold_together(expression, parts) -> None:
    assert conjuncts(expression) == parts
