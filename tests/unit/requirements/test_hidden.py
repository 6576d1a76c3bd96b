"""What calls need that nothing imports."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nb2image.model import DirectRequirement, Place
from nb2image.requirements.naming.hidden import (
    Releases,
    extra_brings,
    hidden_needs,
    with_hidden,
)
from nb2image.requirements.naming.rules import load_rules
from nb2image.requirements.target import Target
from tests.unit.requirements.builders import script
from tests.unit.requirements.fake_index import FakeIndex

TARGET = Target(python="3.11")
PD = "import pandas as pd\ndf = pd.DataFrame()\n"


def added(
    source: str, *direct: str, index: FakeIndex | None = None
) -> dict[str, DirectRequirement]:
    """What is found beyond the requirements that are known already."""
    known = [DirectRequirement(name=name) for name in direct]
    found = hidden_needs(script(source), known, index or FakeIndex(), TARGET)
    return {d.name: d for d in found if d.name not in direct}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (PD + "df.to_excel('a.xlsx')", {"openpyxl"}),
        (PD + "pd.read_excel('a.xls')", {"xlrd"}),
        (PD + "path = 'a.ods'\npd.read_excel(path)", {"odfpy"}),
        (PD + "df.to_excel('a.xlsx', engine='xlsxwriter')", {"xlsxwriter"}),
        (PD + "from pandas import read_parquet\nread_parquet('x')", {"pyarrow"}),
        (PD + "df.to_hdf('x.h5', key='k')", {"tables"}),
        (PD + "pd.read_html('x')", {"lxml"}),
        (PD + "df.to_markdown()", {"tabulate"}),
        (PD + "df.style.bar()", {"jinja2"}),
        (PD + "shapes.style(color='red')", set()),
        (PD + "df.plot()", {"matplotlib"}),
        (PD + "df['a'].plot.kde()", {"matplotlib", "scipy"}),
        (PD + "df.interpolate(method='cubic')", {"scipy"}),
        (PD + "df.interpolate(method='linear')", set()),
        (PD + "df.corr(method='spearman')", set()),
        (PD + "df.corr('kendall')", {"scipy"}),
        (PD + "df.to_excel('a.xlsx')\npd.read_excel('b.xls?raw=1')", {"openpyxl", "xlrd"}),
        (PD + "path = 'a.xls'\npath = 'a.xlsx'\npd.read_excel(path)", {"openpyxl", "xlrd"}),
        (PD + "import matplotlib.pyplot as plt\nplt.style.use('x')\ndf.plot()", set()),
        (PD + "pd.read_csv('s3://bucket/key.csv')", {"s3fs"}),
        (PD + "bucket = 's3://b'\npath = bucket + '/k.csv'\npd.read_csv(path)", {"s3fs"}),
        (PD + "bucket = 'gs://b'\npath = f'{bucket}/k.csv'\ndf.to_csv(path)", {"gcsfs"}),
        (PD + "bucket = 'gs://b'\nother.upload(bucket)", set()),
        (PD + "df.describe()", set()),
        ("df.to_excel('x.xlsx')", set()),
        ("from sklearn import datasets\ndatasets.load_iris(as_frame=True)", {"pandas"}),
        ("from sklearn.tree import plot_tree\nplot_tree(m)", {"matplotlib"}),
        ("from holoviews.operation.datashader import rasterize", {"datashader"}),
        ("import torch\nfrom transformers import ViTImageProcessor as P\nP()", {"pillow"}),
        ("import shap\nshap.maskers.Image('inpaint_telea', x)", {"opencv-python"}),
        ("from qiskit import pulse\nGaussian(1).draw()", {"matplotlib"}),
        ("import h2o\nmodel.varimp_plot()", {"matplotlib"}),
        ("from umap.parametric_umap import ParametricUMAP", {"tensorflow"}),
        ("import wandb\nwandb.log({'a': wandb.Audio(x)})", {"soundfile"}),
        ("import lightgbm as lgb\nlgb.create_tree_digraph(m)", {"graphviz"}),
        ("import networkx as nx\nnx.draw(g)", {"matplotlib", "numpy"}),
        ("import xarray as xr\nxr.open_dataset('x.nc')", {"netcdf4"}),
        ("import xarray as xr\nxr.open_dataset('x', engine='cfgrib')", {"cfgrib"}),
        ("from bs4 import BeautifulSoup\nBeautifulSoup(t, 'lxml')", {"lxml"}),
        ("from bs4 import BeautifulSoup\nBeautifulSoup(t, 'html.parser')", set()),
        ("import os\nos.environ['KERAS_BACKEND'] = 'jax'\nimport keras", {"jax"}),
        ("import keras", {"tensorflow"}),
        ("import keras, torch", {"tensorflow"}),
        ("import evaluate\nevaluate.load('rouge')", {"rouge-score"}),
        ("from transformers import TFAutoModel", {"tensorflow", "tf-keras"}),
        ("from transformers import AutoTokenizer as T\nT.from_pretrained('x')", set()),
        ("from transformers import pipeline\npipeline('x')", {"torch"}),
        ("import transformers as t\nt.AutoModel.from_pretrained(m, load_in_4bit=True)",
         {"torch", "bitsandbytes", "accelerate"}),
        ("import qiskit\nqc.draw('mpl')", {"matplotlib", "pylatexenc"}),
        ("from statsmodels.tsa.tests.test_arima import x", {"pytest"}),
        ("from tqdm.notebook import tqdm", {"ipywidgets"}),
        ("from sqlalchemy import create_engine\ncreate_engine('mysql+pymysql://u@h/d')",
         {"pymysql"}),
        ("from google.cloud import bigquery\nc.query(q).to_dataframe()",
         {"pandas", "db-dtypes", "pyarrow"}),
        ("import gymnasium as gym\ngym.make('LunarLander-v3')", {"box2d"}),
        ("import cvxpy as cp\np.solve(solver=cp.GLPK_MI)", {"cvxopt"}),
        ("from jax.debug import visualize_array_sharding as v\nv(x)", {"rich"}),
        ("from statsforecast import StatsForecast\nStatsForecast.plot(df)", {"matplotlib"}),
        ("import xarray as xr\nds.ffill(dim='time')", {"bottleneck"}),
        ("import xarray as xr\nxr.open_dataset('store.zarr')", {"zarr"}),
        ("from skimage import data\ndata.astronaut()", set()),
        ("from skimage import data\ndata.cells3d()", {"pooch"}),
        ("import nltk\nnltk.FreqDist(words).plot(20)", {"matplotlib"}),
        ("import sunpy.map", {"matplotlib", "mpl-animators", "reproject", "scipy"}),
        ("import datasets\nd.set_format('torch')", {"torch"}),
        ("import optuna\nstudy.trials_dataframe()", {"pandas"}),
        ("import cartopy.crs as c\nax.imshow(a, transform=c.PlateCarree())", {"scipy"}),
    ],
)  # fmt: skip
def test_rules(source: str, expected: set[str]) -> None:
    """Each use needs what its library's documentation says, and no more."""
    assert set(added(source)) == expected


def test_a_need_tells_its_reason_and_place() -> None:
    """The evidence names the use, the cell and the documentation."""
    (said,) = added(PD + "df.to_excel('x.xlsx')")["openpyxl"].evidence
    assert (said.rule, said.won, said.place) == ("hidden", True, Place(cell=1, line=3))
    assert said.detail.startswith(".to_excel(): ")
    assert said.source.startswith("https://")


def test_an_alternative_that_is_there_will_do() -> None:
    """fastparquet instead of pyarrow, when the notebook has it already."""
    assert added(PD + "df.to_parquet('x')", "fastparquet") == {}


def test_a_small_extra_is_taken_with_it() -> None:
    """The extra knows which versions fit; a large one would bring too much."""
    index = FakeIndex().add(
        "pandas",
        "2.2",
        extras=("parquet", "excel"),
        requires=(
            'pyarrow>=10; extra == "parquet"',
            *(f'{name}; extra == "excel"' for name in ("openpyxl", "xlrd", "odfpy", "pyxlsb")),
        ),
    )
    source = PD + "df.to_parquet('x')\ndf.to_excel('x.xlsx')"
    pandas = DirectRequirement(name="pandas")
    found = {d.name: d for d in hidden_needs(script(source), [pandas], index, TARGET)}
    assert set(found) == {"pandas", "pyarrow", "openpyxl"}
    assert found["pandas"].extras == ("parquet",)


@pytest.mark.parametrize(("version", "specifier"), [("1.3.5", "<82"), ("1.4.0", None)])
def test_plots_of_pandas_1_look_for_backends(version: str, specifier: str | None) -> None:
    """What a release forgets to require is asked for when it is locked, within its bound."""
    index = FakeIndex().add("pandas", version)
    made = script(PD + "df['a'].plot()")
    direct, forgotten = with_hidden(made, (DirectRequirement(name="pandas"),), index, TARGET)
    assert "setuptools" not in [d.name for d in direct]
    found = {d.name: d.specifier for d in forgotten}
    assert found.get("setuptools") == specifier


@pytest.mark.parametrize(("version", "specifier"), [("0.12.0", None), ("0.16.1", "<82")])
def test_what_a_package_imports_and_does_not_require(version: str, specifier: str | None) -> None:
    """pkg_resources, once more: setuptools has it no more from 82 on."""
    index = FakeIndex().add("tensorflow-hub", version)
    known = (DirectRequirement(name="tensorflow-hub"),)
    direct, forgotten = with_hidden(script("import tensorflow_hub"), known, index, TARGET)
    assert [d.name for d in direct] == ["tensorflow-hub"]
    assert {d.name: d.specifier for d in forgotten}.get("setuptools") == specifier


def test_what_comes_along_anyway_is_not_named() -> None:
    """A distribution that another requirement brings needs no line of its own."""
    index = FakeIndex().add("seaborn", "0.13", requires=("matplotlib>=3.4", "pandas"))
    assert added(PD + "df.plot()", "pandas", "seaborn", index=index) == {}
    known = [DirectRequirement(name=name) for name in ("pandas", "seaborn")]
    direct, brought = with_hidden(script(PD + "df.plot.kde()"), known, index, TARGET)
    assert [d.name for d in direct] == ["pandas", "scipy", "seaborn"]
    assert [d.name for d in brought] == ["matplotlib"]


@pytest.mark.parametrize(("version", "expected"), [("2.2", "xlrd"), ("3.1", "python-calamine")])
def test_rules_for_some_versions(version: str, expected: str) -> None:
    """What a release needs can differ from what the next one does."""
    index = FakeIndex().add("pandas", version)
    assert set(added(PD + "pd.read_excel('a.xls')", "pandas", index=index)) == {expected}


def test_rules_follow_the_version_that_is_preferred() -> None:
    """A file's pin is likely to be locked; one that the index lacks says nothing."""
    index = FakeIndex().add("bokeh", "2.4").add("bokeh", "3.6")
    made = script("from bokeh.sampledata import autompg")
    sample = "bokeh-sampledata"
    for preferred, expected in (("==2.4", "pandas"), ("", sample), ("==9", sample)):
        known = [DirectRequirement(name="bokeh", preferred=preferred)]
        found = {d.name for d in hidden_needs(made, known, index, TARGET)} - {"bokeh"}
        assert found == {expected}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from sympy import *\nplot(x)", {"matplotlib"}),
        ("from sympy import *\ndef plot(x): pass\nplot(x)", set()),
        ("from sympy import *\nfrom helpers import plot\nplot(x)", set()),
        ("import tensorflow as tf\nkeras = tf.keras\nkeras.utils.plot_model(m)", {"pydot"}),
        ("import tensorflow as tf\ndraw = tf.keras.utils.plot_model\ndraw(m)", {"pydot"}),
        ("import tensorflow as tf\nk = tf.keras\nk = other\nk.utils.plot_model(m)", set()),
        (PD + "tables = other.tables\ntables.plot()", {"matplotlib"}),
        (PD + "pd.concat(map(pd.read_excel, files))", {"openpyxl"}),
        (PD + "from functools import partial\npartial(pd.read_parquet, columns=c)", {"pyarrow"}),
        (PD + "files = [pd.read_csv]", set()),
        ("import darts.models as m\nm.RNNModel()", {"torch", "pytorch-lightning"}),
    ],
)
def test_a_function_by_another_name(source: str, expected: set[str]) -> None:
    """Imported with all names of its module, assigned, passed on, or reached through a module."""
    assert set(added(source)) == expected


def test_what_a_call_gives_is_used_too() -> None:
    """The rules of a library that is needed for its objects alone hold for them."""
    source = "from sklearn.datasets import load_iris\nload_iris(as_frame=True).frame.hist()"
    assert set(added(source, "scikit-learn")) == {"pandas", "matplotlib"}
    assert set(added("from qiskit import QuantumCircuit\nqc.draw()", "qiskit")) == set()
    index = FakeIndex().add("osmnx", "2.0", requires=("geopandas>=1",)).add("geopandas", "1.1")
    source = "import osmnx\nosmnx.graph_to_gdfs(g).explore()\nedges.sjoin(nodes)"
    assert set(added(source, "osmnx", index=index)) == {"folium", "mapclassify", "matplotlib"}
    assert set(added(source, "osmnx")) == set()


def test_an_extra_tells_what_it_brings() -> None:
    """What every installation has is no part of it."""
    requires = ("numpy", 'Tables>=3; extra == "hdf5"', 'blosc; extra == "hdf5" and os_name == "nt"')
    index = FakeIndex().add("pandas", "2.2", extras=("hdf5",), requires=requires)
    release = Releases(index, TARGET, as_of="").release(DirectRequirement(name="pandas"))
    assert release
    assert extra_brings(release, "HDF5", index, TARGET) == {"tables"}
    assert not extra_brings(release, "other", index, TARGET)


def test_local_modules_count() -> None:
    """What a local module calls is needed too."""
    from nb2image.model import LocalModule, Script

    made = Script(
        name="train.py",
        text="",
        lines=(),
        cells=(),
        local_modules=(LocalModule(path="io.py", source=PD + "df.to_hdf('x')"),),
    )
    found = hidden_needs(made, [], FakeIndex(), TARGET)
    assert [(d.name, d.evidence[0].place) for d in found] == [
        ("tables", Place(file="io.py", line=3))
    ]


def test_the_table_is_whole() -> None:
    """Every rule can fire, and says why and from where."""
    for rule in load_rules():
        assert rule.needs, rule
        assert rule.reason, rule
        assert rule.source, rule
        named = (
            rule.calls,
            rule.methods,
            rule.attributes,
            rule.imports,
            rule.variables,
            rule.programs,
        )
        assert any((*named, rule.strings, rule.keywords)), rule
        if rule.argument or rule.no_argument:
            assert rule.calls or rule.methods, rule


def test_programs_of_distributions() -> None:
    """A shell line can call what no import names."""
    made = replace(script(""), programs=(("gdown", Place(cell=2, line=1)), ("ls", Place())))
    (found,) = hidden_needs(made, [], FakeIndex(), TARGET)
    assert (found.name, found.evidence[0].place) == ("gdown", Place(cell=2, line=1))
    assert found.evidence[0].detail.startswith("!gdown: ")
