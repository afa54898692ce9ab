# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks beside this file must find what they are for, and nothing else."""

import unittest

import check_includes
import check_sizes
import check_spdx
import check_text
import cpp_outline

GOOD = {
    "lib/base/log.h": "#pragma once\n#include <string>\n",
    "lib/base/log.cc": '#include "lib/base/log.h"\n#include <spdlog/spdlog.h>\nvoid f() { std::printf("x"); }\n',
    "lib/image/image.h": '#pragma once\n#include "lib/base/log.h"\n',
    "lib/image/fits.cc": '#include <fitsio.h>\n#include "lib/image/image.h"\n',
    "lib/learn/layers.h": "#pragma once\n#include <torch/torch.h>\n",
    "lib/infer/classifier.h": "#pragma once\n",
    "lib/infer/classifier.cc": '#include "lib/learn/layers.h"\n',
    "test/lib/learn/layers_test.cc": '#include <gtest/gtest.h>\n#include "lib/learn/layers.h"\n',
    "test/campaign/run_test.cc": '#include "mpi/comm/session.h"\n',
    "mpi/comm/session.h": "#pragma once\n",
    "mpi/comm/session.cc": '#include <mpi.h>\n#include "mpi/comm/session.h"\n#include "lib/infer/classifier.h"\n',
    "lib/tile/edge.cc": '#include <fmt/core.h>\n#include "lib/tile/grid.h"\n',
    "lib/tile/grid.h": "#pragma once\n",
    "lib/tile/grid.cc": '// printf("x") in a comment\nconst char* a = "std::cout";\nvoid g() { snprintf(b, 1, "x"); }\n',
    "lib/tile/table.cc": 'void g() { std::fprintf(file, "x"); log.printf("x"); long c = 1\'000; }\n',
}


class Includes(unittest.TestCase):
    def problems_with(self, path, text):
        return check_includes.find_problems({**GOOD, path: text})

    def assert_one(self, path, text, part):
        found = self.problems_with(path, text)
        self.assertEqual(len(found), 1, found)
        self.assertIn(part, found[0])
        self.assertTrue(found[0].startswith(path + ":"), found[0])

    def test_good_tree_has_no_problem(self):
        self.assertEqual(check_includes.find_problems(GOOD), [])

    def test_upward_include(self):
        self.assert_one("lib/image/bad.cc", '#include "lib/infer/classifier.h"\n', "upwards")
        self.assert_one("lib/image/bad.cc", '  #  include "mpi/comm/session.h"\n', "upwards")
        self.assert_one("test/lib/image/bad_test.cc", '#include "mpi/comm/session.h"\n', "upwards")

    def test_upward_include_between_rooms_of_a_folder(self):
        tree = {**GOOD, "lib/sky/box/mesh.h": "#pragma once\n",
                "lib/sky/cosmology/bad.cc": '#include "lib/sky/box/mesh.h"\n'}
        self.assertIn("upwards", check_includes.find_problems(tree)[0])
        tree = {**GOOD, "lib/sky/box/fft.cc": "#include <fftw3.h>\n"}
        self.assertEqual(check_includes.find_problems(tree), [])

    def test_file_in_no_room(self):
        self.assert_one("mpi/bad.cc", "int f();\n", "no room")
        self.assert_one("lib/other/bad.cc", "int f();\n", "no room")

    def test_library_outside_its_folder(self):
        for header in ("torch/torch.h", "ATen/ATen.h", "yaml-cpp/yaml.h", "mpi.h", "nccl.h", "hdf5.h",
                       "spdlog/spdlog.h", "CLI/CLI.hpp", "cairo.h", "cairo/cairo.h",
                       "wcslib/wcs.h", "fitsio.h", "gsl/gsl_math.h", "fftw3.h", "gtest/gtest.h"):
            self.assert_one("lib/tile/bad.cc", f"#include <{header}>\n", "belongs in")
        for header in ("torch/torch.h", "yaml-cpp/yaml.h", "mpi.h", "hdf5.h"):
            self.assert_one("apps/bad.cc", f"#include <{header}>\n", "belongs in")

        self.assert_one("lib/learn/bad.cc", "#include <fmt/core.h>\n", "belongs in")

    def test_fmt_and_libtorch_in_one_translation_unit(self):
        for library in ("fmt/core.h", "spdlog/spdlog.h"):
            self.assert_one("test/bench/bad.cc", f'#include <{library}>\n#include "lib/learn/layers.h"\n', "whose own fmt")
            tree = {**GOOD, "test/lib/learn/layers.h": f"#pragma once\n#include <{library}>\n",
                    "test/lib/learn/layers_test.cc": '#include "lib/learn/layers.h"\n#include "test/lib/learn/layers.h"\n'}
            found = check_includes.find_problems(tree)
            self.assertTrue(any(line.startswith("test/lib/learn/layers_test.cc: includes fmt") for line in found), found)

    def test_test_follows_the_folder_it_mirrors(self):
        self.assert_one("test/lib/tile/bad_test.cc", "#include <torch/torch.h>\n", "belongs in")

    def test_inner_header_seen_from_outside(self):
        self.assert_one("mpi/comm/bad.cc", '#include "lib/learn/layers.h"\n', "inner header")

    def test_inner_header_through_another(self):
        tree = {**GOOD, "lib/learn/more.h": '#pragma once\n#include "lib/learn/layers.h"\n',
                "mpi/comm/bad.cc": '#include "lib/learn/more.h"\n'}
        self.assertIn("inner header", check_includes.find_problems(tree)[0])

    def test_path_not_from_the_root(self):
        self.assert_one("lib/base/bad.cc", '#include "log.h"\n', "no such file")
        self.assert_one("lib/base/bad.cc", '#include "../base/log.h"\n', "no such file")
        self.assert_one("lib/base/bad.cc", "#include <lib/base/log.h>\n", "it is ours")

    def test_library_includes_a_test(self):
        self.assert_one("lib/base/bad.cc", '#include "test/lib/base/sample.h"\n', "a test")

    def test_printing(self):
        for line in ('std::cout << 1;', 'printf("x");', 'std::printf("x");', 'puts("x");',
                     'std::fprintf(stderr, "x");', 'fputs("x", stdout);'):
            self.assert_one("lib/tile/bad.cc", f"void f() {{ {line} }}\n", "prints")

    def test_header_without_pragma(self):
        self.assert_one("lib/tile/bad.h", "int f();\n", "#pragma once")


CODE = """// Not a { brace.
#define MACRO(x) \\
    { x
namespace faintweb::base {
namespace {
constexpr char brace[] = "{";
const std::vector<int> numbers{1, 2};
const auto lambda = [](int a) {
    return a;
};
}  // namespace
/// Has a comment.
struct Point {
    int x = 0;
    Point() : x{1}, y(2) {
        x = '{';
    }
    bool operator==(const Point&) const = default;
};
enum class Kind { one, two };
template <typename T = int>
    requires(sizeof(T) > 1)
std::map<int, T> Point::find(std::function<void(int)> f, T a = {}) const {
    for (;;) {
        f([&] { return 1; });
    }
}
/// Has one too.
int free_one(int a, int b = 3);
void bare();
using Alias = int (*)(int);
class Later;
extern template class Later<int>;
int variable = free_one(1);
bool operator<(const Point& a, const Point& b);
/// Two of a name.
void twice(int a);
void twice(double a);
}  // namespace faintweb::base
"""


class Outline(unittest.TestCase):
    def test_finds_classes_and_functions_with_their_lines(self):
        found = [(item.kind, item.name, item.last_line - item.first_line + 1) for item in cpp_outline.outline(CODE)
                 if item.name != "operator_"]
        self.assertEqual(found, [
            ("class", "Point", 7), ("function", "Point", 3), ("function", "Point::find", 7),
            ("declaration", "free_one", 1), ("declaration", "bare", 1), ("declaration", "twice", 1),
            ("declaration", "twice", 1)])

    def test_a_test_is_named_with_its_suite(self):
        self.assertEqual([item.name for item in cpp_outline.outline("TEST(A, B) {\n    f();\n}\n")], ["TEST(A, B)"])


class Sizes(unittest.TestCase):
    def problems(self, files, kernels=None):
        return check_sizes.find_problems(files, kernels or {})

    def test_long_function(self):
        files = {"lib/a/a.cc": "int f() {\n" + "    g();\n" * 78 + "}\n"}
        self.assertEqual(self.problems(files), [])
        files = {"lib/a/a.cc": "int f() {\n" + "    g();\n" * 79 + "}\n"}
        self.assertEqual(len(self.problems(files)), 1)
        self.assertIn("function f (81 lines", self.problems(files)[0])
        self.assertEqual(self.problems(files, {"lib/a/a.cc": {"f": "one loop"}}), [])

    def test_kernels_that_are_no_longer_long(self):
        files = {"lib/a/a.cc": "int f() {\n}\n"}
        self.assertIn("LONG_KERNELS", self.problems(files, {"lib/a/a.cc": {"f": "one loop"}})[0])
        self.assertIn("LONG_KERNELS", self.problems(files, {"lib/a/gone.cc": {"f": "one loop"}})[0])

    def test_long_file_and_folder(self):
        self.assertEqual(self.problems({"test/a.cc": "\n" * 600}), [])
        self.assertIn("601 lines", self.problems({"test/a.cc": "\n" * 601})[0])
        apps = {f"apps/{name}.cc": "\n" * 501 for name in "abc"}
        self.assertEqual(self.problems(apps), ["apps: folder (1503 lines, the limit is 1500)"])

    def test_header_without_comments(self):
        found = self.problems({"lib/base/a.h": CODE})
        self.assertEqual(len(found), 1, found)
        self.assertIn("comment bare", found[0])
        self.assertEqual(self.problems({"lib/base/a.cc": CODE, "apps/a.h": CODE}), [])

    def test_folders_of_a_room_in_a_circle(self):
        files = {"mpi/pipeline/a/a.h": '#include "mpi/pipeline/b/b.h"\n', "mpi/pipeline/b/b.h": "",
                 "mpi/pipeline/c/c.h": '#include "mpi/pipeline/a/a.h"\n#include "mpi/pipeline/d.h"\n',
                 "mpi/pipeline/d.h": '#include "mpi/pipeline/c/c.h"\n'}
        self.assertEqual(self.problems(files), [])
        found = self.problems({**files, "mpi/pipeline/b/b.cc": '#include "mpi/pipeline/c/c.h"\n'})
        self.assertEqual(len(found), 3, found)
        self.assertTrue(all("circle" in problem for problem in found), found)


class Spdx(unittest.TestCase):
    def test_lines_are_asked_for_and_added_once(self):
        for path, text, fixed in (
                ("a.cc", "#pragma once\n", "// {0}\n// {1}\n\n#pragma once\n"),
                ("a.sh", "#!/bin/sh\n# What.\n", "#!/bin/sh\n# {0}\n# {1}\n\n# What.\n"),
                ("CMakeLists.txt", "project(a)\n", "# {0}\n# {1}\n\nproject(a)\n"),
                ("a.py", '"""What."""\n', '# {0}\n# {1}\n\n"""What."""\n')):
            fixed = fixed.format(*check_spdx.TAGS)
            self.assertFalse(check_spdx.is_tagged(path, text))
            self.assertEqual(check_spdx.tagged(path, text), fixed)
            self.assertTrue(check_spdx.is_tagged(path, fixed))

    def test_data_and_documents_need_none(self):
        for path in ("README.md", "test/data/a.sh", "config/demo.yaml", "LICENSE"):
            self.assertFalse(check_spdx.needs_tags(path), path)
        for path in (".ci/run", "cmake/a.cmake", "jobs/a.sbatch", "lib/a/b.cu", "test/a_test.py"):
            self.assertTrue(check_spdx.needs_tags(path), path)


class Text(unittest.TestCase):
    def test_machine_paths_and_registry_hosts(self):
        for line in ("cd /" + "home/ann/maps", "/" + "root/.cache",
                     "https://files.pythonhosted." + "org/torch", "index: pypi." + "org/simple"):
            self.assertEqual(len(check_text.machine_problems("a.sh", "ok\n" + line)), 1, line)
            self.assertTrue(check_text.machine_problems("a.sh", "ok\n" + line)[0].startswith("a.sh:2:"))

    def test_ordinary_text_passes(self):
        text = "~/.cache $HOME/data/x lib/data/x ${TMPDIR}/x https://www.gnu.org/licenses/ /tiles /dev/null\n/usr/local/cuda /data/a.fits"
        self.assertEqual(check_text.machine_problems("README.md", text), [])

    def test_documents_name_files(self):
        text = "See `jobs/demo.sh` and [this](doc/a.png).\n```\nbash test/run.sh > results/x\n```\nlib/prose.h\n`lib/*/x` `lib/X/a`"
        self.assertEqual(check_text.named_files(text), ["doc/a.png", "jobs/demo.sh", "lib/X/a", "test/run.sh"])
        problems = check_text.document_problems("README.md", text, lambda name: name == "jobs/demo.sh")
        self.assertEqual(len(problems), 3)
        self.assertIn("doc/a.png", problems[0])

    def test_markdown_files_that_a_text_names(self):
        gone, there = "GONE" + ".md", "docs/words" + ".md"
        for text in (f"// the words of {gone}, section 2", f"# see ../{gone}", f"[it]({gone}#part)"):
            problems = check_text.markdown_name_problems("lib/a.h", text, lambda name: name == there)
            self.assertEqual(len(problems), 1, text)
            self.assertIn(gone, problems[0])
        for path, text in (("lib/a.h", there), ("docs/user/b", "../words" + ".md"), ("docs/b", "words" + ".md"),
                           ("a.sh", "docs/**/*.md $folder/x.md https://a.org/x.md x.mdx")):
            self.assertEqual(check_text.markdown_name_problems(path, text, lambda name: name == there), [], text)

    def test_links_lead_somewhere(self):
        words = "docs/words" + ".md"
        texts = {words: "# The `map`, a word\n```\n# no heading\n```\n", "docs": ""}
        link = "[w](../words" + ".md%s) [u](https://a.org/b) [d](..)"
        for anchor in ("", "#the-map-a-word"):
            self.assertEqual(check_text.link_problems("docs/user/a", link % anchor, texts.get), [])
        self.assertEqual(len(check_text.link_problems("docs/user/a", link % "#no-heading", texts.get)), 1)
        self.assertEqual(len(check_text.link_problems("docs/a", link, texts.get)), 2)
        self.assertEqual(check_text.link_problems("a", "# A\n[a](#a)", {"a": "# A"}.get), [])


if __name__ == "__main__":
    unittest.main()
