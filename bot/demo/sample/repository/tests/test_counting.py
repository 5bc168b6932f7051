import unittest

from wordsmith.counting import count


class Counting(unittest.TestCase):
    def test_an_empty_text_has_nothing_to_count(self):
        self.assertEqual(count(""), (0, 0, 0))

    def test_a_last_line_counts_without_a_line_break(self):
        self.assertEqual(count("one\ntwo three"), (2, 3, 13))

    def test_a_count_reads_as_a_phrase(self):
        self.assertEqual(str(count("one two\n")), "1 line, 2 words, 8 characters")


if __name__ == "__main__":
    unittest.main()
