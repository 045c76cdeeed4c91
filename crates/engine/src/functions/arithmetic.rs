//! `+`, `-` and `*` of whole numbers in SQL, which are an error when the result does not fit 64 bits: those of the query
//! engine would wrap to another number, and nobody would see it.

use std::sync::{Arc, LazyLock};

use arrow::compute::kernels::numeric;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

/// What a sum or product that does not fit is reported as.
pub(super) fn overflow(what: &str) -> ArrowError {
    ArrowError::ArithmeticOverflow(format!("{what} of whole numbers exceeds 64 bits"))
}

/// Plans `+`, `-` and `*` of whole numbers as calls that check.
#[derive(Debug)]
pub(super) struct CheckedPlanner;

impl ExprPlanner for CheckedPlanner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let function = match expr.op {
            BinaryOperator::Plus => &*PLUS,
            BinaryOperator::Minus => &*MINUS,
            BinaryOperator::Multiply => &*TIMES,
            _ => return Ok(PlannerResult::Original(expr)),
        };
        // What has no type yet, such as a parameter, is left to the planner.
        let is_whole = |side: &Expr| side.get_type(schema).is_ok_and(|kind| kind == DataType::Int64);
        if !is_whole(&expr.left) || !is_whole(&expr.right) {
            return Ok(PlannerResult::Original(expr));
        }
        let call = ScalarFunction::new_udf(Arc::clone(function), vec![expr.left, expr.right]);
        Ok(PlannerResult::Planned(Expr::ScalarFunction(call)))
    }
}

static PLUS: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arithmetic::Plus.function());
static MINUS: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arithmetic::Minus.function());
static TIMES: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arithmetic::Times.function());

/// What is computed of two whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Arithmetic {
    Plus,
    Minus,
    Times,
}

impl Arithmetic {
    fn function(self) -> Arc<ScalarUDF> {
        // Immutable: a call with constants is computed once, while planning.
        let signature = Signature::exact(vec![DataType::Int64; 2], Volatility::Immutable);
        Arc::new(ScalarUDF::new_from_impl(Checked { arithmetic: self, signature }))
    }
}

/// One operation as DataFusion calls it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    arithmetic: Arithmetic,
    signature: Signature,
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        match self.arithmetic {
            Arithmetic::Plus => "checked_add",
            Arithmetic::Minus => "checked_subtract",
            Arithmetic::Times => "checked_multiply",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let sides = ColumnarValue::values_to_arrays(&args.args)?;
        // These kernels check where those of a binary expression wrap.
        let (made, what) = match self.arithmetic {
            Arithmetic::Plus => (numeric::add(&sides[0], &sides[1]), "a sum"),
            Arithmetic::Minus => (numeric::sub(&sides[0], &sides[1]), "a difference"),
            Arithmetic::Times => (numeric::mul(&sides[0], &sides[1]), "a product"),
        };
        let made = made.map_err(|_| overflow(what))?;
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?));
        }
        Ok(ColumnarValue::Array(made))
    }
}
