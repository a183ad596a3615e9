def test_x(number, officer, django_assert_num_queries):
    n = number()
    assert n.lifecycle == "in_use"
    assert officer.has_perm("enforcement.make_freeze")


def test_y(number, transactional_db, officer):
    n = number()
    from qqops.audit.verify import verify

    assert list(verify()) == []


def test_z(numbers, officer):
    assert len(numbers(101)) == 101
