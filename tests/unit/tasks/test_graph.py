"""What is needed comes first, and each task once."""

from tests.fixtures.task_graphs import make, make_sum

from ganoscope.tasks.graph import Graph, order_tasks


def test_tasks_are_ordered_and_each_is_there_once():
    total = make_sum(range(3))
    again = make("add", "again", needs={"a": total, "b": make("draw", "twin", seed=1), "c": total})
    names = [task.name for task in order_tasks([again, total, make("draw", "own", seed=9)])]
    assert names == ["draw 0", "twin", "draw 2", "sum", "again", "own"] or names == [
        *("draw 0", "draw 1", "draw 2", "sum", "again", "own")
    ]


def test_a_wide_and_deep_graph_is_ordered_quickly():
    layer = [make("draw", seed=seed) for seed in range(30)]
    for depth in range(8):
        layer = [
            make("add", f"{depth}", needs={f"{i}": one for i, one in enumerate(layer)}, cores=k) for k in range(1, 31)
        ]
    assert len(order_tasks(layer)) == 9 * 30


def test_tasks_follow_when_all_that_they_need_is_done():
    graph = Graph(order_tasks([make_sum(range(2))]))
    first, second = graph.begin()
    assert graph.finish(first) == []
    assert [task.name for task in graph.list_open(())] == ["draw 1", "sum"]
    assert [task.name for task in graph.finish(second)] == ["sum"]


def test_a_result_that_is_read_under_two_names_is_waited_for_once():
    part = make("draw", seed=1)
    graph = Graph(order_tasks([make("add", needs={"a": part, "b": part})]))
    assert [task.name for task in graph.finish(part)] == ["add"]
